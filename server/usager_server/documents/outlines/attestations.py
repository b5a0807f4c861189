"""Attestations of a structure: that a person is housed there, resides there, has left. One sentence, from the stay."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from usager_server.documents.prefill.outline import COMPLEMENTARY, LOINC, Outline, Part

if TYPE_CHECKING:
    from usager_server.documents.prefill.draft import Draft

SECTION = "Attestation"
UNKNOWN = "…"


def complete(draft: "Draft", claim: Callable[[str, str, str], str]) -> None:
    """Write the sentence; what the record does not tell is left as … and said."""
    from usager_cda.structured import french
    from usager_server.documents.prefill.wording import person

    setting = draft.setting
    period = setting.encounter.get("period") or {}
    start, end = (french.day(str(period.get(name, ""))[:10]) or UNKNOWN for name in ("start", "end"))
    place = person(setting.custodian) or UNKNOWN
    writer, name = person(setting.writer) or UNKNOWN, person(setting.patient) or UNKNOWN
    born = french.day(setting.patient.get("birthDate")) or UNKNOWN
    text = f"Je soussigné(e) {writer} atteste que {name}, né(e) le {born}, {claim(place, start, end)}."
    draft.write(SECTION, text)
    if UNKNOWN in text:
        draft.remark("Complétez l'attestation : le dossier ne dit pas tout", severity="warning")


def housed(place: str, start: str, _end: str) -> str:
    """Say that a person is housed."""
    return f"est hébergé(e) par {place} depuis le {start}"


def resident(place: str, start: str, _end: str) -> str:
    """Say that a person resides."""
    return f"réside à {place} depuis le {start}"


def gone(place: str, start: str, end: str) -> str:
    """Say that a person was there."""
    return f"a été accueilli(e) par {place} du {start} au {end}"


def _outline(name: str, code: str, system: str, claim: Callable[[str, str, str], str]) -> Outline:
    completes = partial(complete, claim=claim)
    return Outline(name=name, code=code, system=system, sections=(Part(SECTION),), completes=completes)


OUTLINES = (
    _outline("attestation-hebergement", "ATTEST-HEBGT", COMPLEMENTARY, housed),
    _outline("attestation-residence", "ATTEST-RESID", COMPLEMENTARY, resident),
    _outline("attestation-sortie", "86531-1", LOINC, gone),
)
