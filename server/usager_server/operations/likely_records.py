"""The records that may be a person's, compared and judged: what `$match` answers, and what a creation warns of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from usager_server.canonicals import canonical
from usager_server.errors import Invalid
from usager_server.interactions.bundle_text import json_text
from usager_server.interactions.session import Session
from usager_server.jsontext import build_json
from usager_server.matching.comparing import Portrait, compare, portrait
from usager_server.matching.finding import Finding
from usager_server.matching.grading import Grade, Verdict, judge
from usager_server.repository import Stored
from usager_server.search.likeness import is_replaced, probes

GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"
REASON = canonical("StructureDefinition", "match-reason")

CANDIDATES = 30
"""Records that are read and compared, those that share most with the person first."""

ENOUGH = "an identifier, or two of family name, given name and birth date"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record, and what the comparison with the person looked for came to."""

    stored: Stored
    verdict: Verdict

    @property
    def is_likely(self) -> bool:
        """Say whether it is the person's, certainly or probably."""
        return self.verdict.grade in (Grade.certain, Grade.probable)

    @property
    def is_certain(self) -> bool:
        """Say whether it is certainly the person's."""
        return self.verdict.grade is Grade.certain


async def alike(session: Session, patient: Mapping[str, Any]) -> list[Candidate]:
    """Return the records within reach that may be a person's, the surest first; the Patient's structure was checked.

    Shape   the record itself (its id) and those that another one replaces are left out.
    """
    sought = probes(patient, session.caller.tenant)
    if not sought:
        text = f"This Patient tells too little to be looked for; it takes {ENOUGH}"
        raise Invalid(text, "Parameters.parameter.where(name = 'resource').resource", code="required")
    stored = await session.repository.candidates(sought, CANDIDATES)
    others = [each for each in stored if each.id != patient.get("id")]
    return sorted(_compared(session, portrait(patient), others), key=lambda each: -each.verdict.score)


def _compared(session: Session, sought: Portrait, stored: Sequence[Stored]) -> list[Candidate]:
    def same_place(code: str, other: str) -> bool:
        return session.house.birthplaces.gazetteer.are_one_place(code, other)

    found = []
    for each in stored:
        patient = orjson.loads(each.document or "{}")
        if is_replaced(patient):
            continue
        verdict = judge(compare(sought, portrait(patient), same_place))
        if verdict.grade is not Grade.certainly_not:
            found.append(Candidate(each, verdict))
    return found


def entry_text(session: Session, candidate: Candidate) -> str:
    """Return the entry of a searchset that a candidate is."""
    stored, verdict = candidate.stored, candidate.verdict
    search = {
        "extension": [{"url": GRADE, "valueCode": verdict.grade.value}, *map(_reason, verdict.findings)],
        "mode": "match",
        "score": verdict.score,
    }
    url = json_text(f"{session.base_url}/{stored.type}/{stored.id}")
    return f'{{"fullUrl":{url},"resource":{stored.document},"search":{build_json(search).decode()}}}'


def _reason(finding: Finding) -> dict[str, Any]:
    parts = [
        {"url": "trait", "valueCode": finding.trait},
        {"url": "agreement", "valueDecimal": finding.agreement},
        {"url": "text", "valueString": finding.text},
    ]
    return {"url": REASON, "extension": parts}
