"""The identity that heads every page: the traits of the INS, each named, the matricule only when it may be shown."""

from dataclasses import dataclass
from math import ceil

from usager_cda.header import Patient
from usager_cda.telling import wording
from usager_cda.telling.datamatrix import ins_payload, symbol_png

# What a line of half the band holds, and what it holds of a text that breaks at its words. Unit: small letters.
LINE, BROKEN_LINE, CAPITAL = 52, 40, 1.3


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity as it is printed.

    Shape   traits and ins are (label, value) pairs, two to a row; the matricule, its OID and the symbol are there for a
            qualified identity only.
    """

    heading: str
    traits: tuple[tuple[str, str], ...]
    ins: tuple[tuple[str, str], ...] = ()
    symbol: bytes | None = None

    @property
    def rows(self) -> list[tuple[tuple[str, str], ...]]:
        """Return the pairs as they stand in the band."""
        told = (*self.traits, *self.ins)
        return [told[rank : rank + 2] for rank in range(0, len(told), 2)]

    @property
    def lines(self) -> int:
        """Return the number of text lines of the band, its heading counted for two."""
        heading = 2 * _lines(self.heading[::2])
        return heading + sum(max(_lines(f"{label} : {value}") for label, value in row) for row in self.rows)


def _lines(text: str) -> int:
    width = sum(CAPITAL if letter.isupper() else 1 for letter in text)
    return 1 if width <= LINE else ceil(width / BROKEN_LINE)


def identity_of(patient: Patient, *, is_qualified: bool) -> Identity:
    """Return the identity of a patient. is_qualified: the matricule may be shown (RNIV: of a qualified identity only).

    Source  Guide d'implémentation de l'INS (ANS), EXI DIF 02.
    """
    ins = next((ii for ii in patient.ids if ii.is_ins), None) if is_qualified else None
    told = [(name, value) for name, value in _traits(patient) if value]
    if ins is None:
        return Identity(_heading(patient), tuple(told), _local_numbers(patient))
    payload = ins_payload(patient)
    kind = wording.INS_KINDS.get(str(ins.root), "")
    nature = f"{wording.matricule(ins)} [{kind}]"
    lines = (("Matricule INS", nature), ("OID de l'INS", str(ins.root)), *_local_numbers(patient))
    return Identity(_heading(patient), tuple(told), lines, symbol_png(payload) if payload else None)


def _heading(patient: Patient) -> str:
    name = patient.name
    family = name.family("CL", "SP", "BR", None)
    given = name.given("CL", "BR", None)
    return " ".join(filter(None, (family, given))) or name.text or "Identité non renseignée"


def _traits(patient: Patient) -> list[tuple[str, str | None]]:
    name = patient.name
    listed = name.given(None) or name.given("BR")
    first = name.given("BR")
    return [
        ("Nom de naissance", name.family("BR", None)),
        ("Prénoms de naissance", listed),
        ("Premier prénom", first if first != listed else None),
        ("Nom utilisé", name.family("CL", "SP")),
        ("Prénom utilisé", name.given("CL")),
        ("Sexe", wording.sex(patient.gender)),
        ("Date de naissance", wording.day(patient.birth)),
        ("Lieu de naissance", _birth_place(patient)),
    ]


def _birth_place(patient: Patient) -> str | None:
    place = patient.birthplace
    city = (place.part("city") if place else None) or patient.birthplace_name
    county = place.part("county") if place else None
    code = f"(code INSEE{wording.SPACE}{county})" if county else None
    return " ".join(filter(None, (city, code))) or None


def _local_numbers(patient: Patient) -> tuple[tuple[str, str], ...]:
    local = [ii for ii in patient.ids if ii.extension and not ii.is_ins]
    return tuple(("Numéro de dossier", str(ii.extension)) for ii in local[:1])
