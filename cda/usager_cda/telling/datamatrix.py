"""The INS datamatrix: the traits of a qualified identity as a symbol that a scanner reads."""

import re
import unicodedata
from io import BytesIO

from PIL import Image
from ppf.datamatrix import DataMatrix

from usager_cda.header import Patient

HEADER = "IS" + "01" + "0" * 22
GROUP_SEPARATOR = "\x1d"
MATRICULE = re.compile(r"[0-9]{5}(?:[0-9]{2}|[0-9][AB])[0-9]{8}", re.ASCII)
OID = re.compile(r"1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)", re.ASCII)
DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
COG = re.compile(r"[0-9][0-9AB][0-9]{3}", re.ASCII)
NAME = re.compile(r"[A-Z][A-Z' -]{0,99}")
LIGATURES = str.maketrans({"Œ": "OE", "Æ": "AE", "ß": "SS", "’": "'", "‐": "-", "‑": "-", "Ø": "O", "Ł": "L"})
LONGEST_OID, LONGEST_NAME = 20, 100
QUIET_ZONE_MODULES = 2
# Drawn large, so that no viewer smooths the edges of a module away.
MODULE_PIXELS = 8
BLACK, WHITE = 0, 255


def ins_payload(patient: Patient) -> str | None:
    """Return the text of the symbol; None when the identity is not whole: a wrong symbol is worse than none.

    Shape   S1 matricule, S2 OID, S3 given names, S4 birth name, S5 sex, S6 birth date JJ-MM-AAAA, S7 COG when known.
    Source  ANS, Format du datamatrix INS v2.2.
    """
    ins = next((ii for ii in patient.ids if ii.is_ins), None)
    given, family = _name(patient.name.given(None, "BR")), _name(patient.name.family("BR"))
    sex = patient.gender.code if patient.gender else None
    birth = patient.birth or ""
    if ins is None or given is None or family is None or sex not in ("M", "F") or not DAY.fullmatch(birth):
        return None
    matricule, oid = str(ins.extension), str(ins.root)
    if not MATRICULE.fullmatch(matricule) or not OID.fullmatch(oid):
        return None
    county = patient.birthplace.part("county") if patient.birthplace else None
    place = f"S7{county}" if county and COG.fullmatch(county) else ""
    day = "-".join(reversed(birth.split("-")))
    names = f"S3{_ended(given, LONGEST_NAME)}S4{_ended(family, LONGEST_NAME)}"
    return f"{HEADER}S1{matricule}S2{_ended(oid, LONGEST_OID)}{names}S5{sex}S6{day}{place}"


def _ended(value: str, longest: int) -> str:
    """A field that could have been longer says where it ends."""
    return value if len(value) == longest else value + GROUP_SEPARATOR


def _name(text: str | None) -> str | None:
    """Return a name in capitals without accents; None when a letter of it has no such form."""
    plain = unicodedata.normalize("NFKD", (text or "").upper().translate(LIGATURES))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    found = " ".join(letters.split())
    return found if NAME.fullmatch(found) else None


def symbol_png(payload: str) -> bytes:
    """Return the symbol (ECC 200, square) as a picture in black and white, its quiet zone included."""
    modules = DataMatrix(payload).matrix
    size = len(modules) + 2 * QUIET_ZONE_MODULES
    image = Image.new("L", (size, size), WHITE)
    image.paste(_square(modules), (QUIET_ZONE_MODULES, QUIET_ZONE_MODULES))
    side = size * MODULE_PIXELS
    out = BytesIO()
    image.resize((side, side), Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def _square(modules: list[list[int]]) -> Image.Image:
    cells = bytes(BLACK if dark else WHITE for row in modules for dark in row)
    return Image.frombytes("L", (len(modules), len(modules)), cells)
