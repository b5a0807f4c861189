"""Who creates a person is told of the records that already are of such a one: same names, sex and birth date."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from usager_server.errors import Issue
from usager_server.identity.completing import with_whole_birth_date
from usager_server.identity.status import is_identity
from usager_server.interactions.operation import warning
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.writing import telling
from usager_server.matching.comparing import compare, portrait
from usager_server.repository import Stored
from usager_server.requirements import fulfils
from usager_server.search.likeness import is_replaced, namesake_probes

READ = 10
"""Records that are looked at: a day has few births under the letters of a name."""

ALIKE = ("family", "given", "birthDate")


@fulfils("SENTINELLE.07")
async def namesakes(session: Session, patient: dict[str, Any]) -> list[str]:
    """Return the records within reach ("Patient/1") of the same names and birth date, whose sex is not another.

    Time    one statement of three or four probes; none for a person whose names or birth date are unknown.
    """
    (found,) = await namesakes_of_each(session, [patient])
    return found


async def namesakes_of_each(session: Session, patients: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Return the namesakes of each of several persons. Time: one statement for all."""
    people = [with_whole_birth_date(each)[0] if is_identity(each) else each for each in patients]
    sought = [namesake_probes(each, session.caller.tenant) for each in people]
    if not any(sought) or (session.reach is not None and not session.reach.permits("Patient", "s")):
        return [[] for _ in patients]
    stored = await session.repository.candidates_of_each(sought, READ)
    return [_alike(each, found) for each, found in zip(people, stored, strict=True)]


def _alike(patient: dict[str, Any], stored: Sequence[Stored]) -> list[str]:
    if not stored:
        return []
    mine = portrait(patient)
    others = [(f"{each.type}/{each.id}", orjson.loads(each.document or "{}")) for each in stored]
    return [name for name, other in others if not is_replaced(other) and _are_alike(mine, portrait(other))]


def told(reply: Reply, found: Sequence[str]) -> Reply:
    """Return the answer to a creation with what it tells of namesakes: in a header, and in an OperationOutcome."""
    if not found:
        return reply
    names = _names(found)
    english = Issue("warning", "duplicate", f"{names}: same names, sex and birth date; compare with $match")
    headers = {**reply.headers, "Warning": warning([english])}
    return telling(replace(reply, headers=headers), [_issue(found)])


def told_in_entry(reply: Reply, found: Sequence[str]) -> Reply:
    """Return the answer to a creation in a Bundle with what it tells of namesakes: in the outcome of its entry."""
    if not found:
        return reply
    said = (reply.resource or {}).get("issue", [])
    return replace(reply, resource={"resourceType": "OperationOutcome", "issue": [*said, _issue(found).as_fhir()]})


def _issue(found: Sequence[str]) -> Issue:
    text = (
        f"{_names(found)} : mêmes nom, prénom, sexe et date de naissance. Comparer avec $match ; si c'est la même "
        "personne, fusionner ($merge) ; sinon, cocher l'attribut homonyme (HOMA) sur chacun."
    )
    return Issue("warning", "duplicate", text, "Patient")


def _names(found: Sequence[str]) -> str:
    return ", ".join(found)


def _are_alike(mine: Any, other: Any) -> bool:
    findings = {each.trait: each.agreement for each in compare(mine, other, lambda _one, _other: False)}
    return all(findings.get(trait, 0) >= 0.95 for trait in ALIKE) and findings.get("gender") != 0
