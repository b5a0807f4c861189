"""Cuts the fonts of printed documents out of the whole ones: build_fonts.py NOTO_FOLDER DEJAVU_FOLDER.

Noto Sans (SIL OFL 1.1, no reserved name) is the text; DejaVu Sans (Bitstream Vera licence, which asks a modified font
to bear neither "Bitstream" nor "Vera") draws the symbols and the scripts that Noto Sans lacks. Hinting is left out: a
PDF viewer has no use for it at these sizes.
"""

import sys
from pathlib import Path

from fontTools import subset

FONTS = Path(__file__).parents[1] / "cda" / "usager_cda" / "pdf" / "fonts"
TEXT = (
    "0020-024F,02B0-02FF,0300-0377,037A-037F,0384-03FF,0400-052F,1E00-1EFF,2000-206F,2070-209C,"
    "20A0-20BF,2100-214F,2150-218B,2190-2199,2200-22FF,25CA,FB00-FB06,FFFD"
)
SYMBOLS = (
    "0020,00A0,0530-058F,0590-05FF,0600-06FF,10A0-10FF,2190-21FF,2200-22FF,2300-23FF,2460-24FF,"
    "2500-257F,25A0-25FF,2600-26FF,2700-27BF,27C0-27EF,2900-297F,2B00-2B54,FB13-FB17,FB1D-FB4F,"
    "FB50-FBFF,FE70-FEFF,FFFD"
)
WEIGHTS = ("Regular", "Bold", "Italic", "BoldItalic")


def cut(source: Path, target: Path, unicodes: str) -> None:
    """Write the part of a font that has these characters."""
    arguments = [str(source), f"--output-file={target}", f"--unicodes={unicodes}", "--no-hinting", "--desubroutinize"]
    subset.main(
        [*arguments, "--name-IDs=*", "--layout-features=kern,mark,mkmk,ccmp,locl,liga,init,medi,fina,rlig,isol"]
    )


def main() -> None:
    """Cut every font."""
    noto, dejavu = map(Path, sys.argv[1:3])
    for weight in WEIGHTS:
        cut(noto / f"NotoSans-{weight}.ttf", FONTS / f"NotoSans-{weight}.ttf", TEXT)
    cut(dejavu / "DejaVuSans.ttf", FONTS / "DejaVuSans-Symbols.ttf", SYMBOLS)


if __name__ == "__main__":
    main()
