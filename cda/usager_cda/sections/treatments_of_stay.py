"""Traitements à l'admission, administrés, à la sortie: those of the letters around a stay."""

from usager_cda.structured.kinds import FR_ENTRY, FR_SECTION, IHE, Section, loinc


def _section(number: int, parent: str, code: str, title: str) -> Section:
    return Section(
        template=f"{FR_SECTION}{number}",
        parents=(f"{IHE}1.5.3.1.3.{parent}",),
        code=loinc(code, title),
        title=title,
        entries=(f"{FR_ENTRY}42",),
        link="DRIV",
    )


SECTIONS = (
    _section(144, "20", "42346-7", "Traitements à l'admission"),
    _section(145, "21", "18610-6", "Traitements administrés"),
    _section(146, "22", "10183-2", "Traitements à la sortie"),
)
