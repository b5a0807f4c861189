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
    if is_identity(patient):
        patient, _ = with_whole_birth_date(patient)
    sought = namesake_probes(patient, session.caller.tenant)
    if not sought or (session.reach is not None and not session.reach.permits("Patient", "s")):
        return []
    stored = await session.repository.candidates(sought, READ)
    mine = portrait(patient)
    others = [(f"{each.type}/{each.id}", orjson.loads(each.document or "{}")) for each in stored]
    return [name for name, other in others if not is_replaced(other) and _are_alike(mine, portrait(other))]


def told(reply: Reply, found: Sequence[str]) -> Reply:
    """Return the answer to a creation with what it tells of namesakes: in a header, and in an OperationOutcome."""
    if not found:
        return reply
    names = ", ".join(found)
    english = Issue("warning", "duplicate", f"{names}: same names, sex and birth date; compare with $match")
    headers = {**reply.headers, "Warning": warning([english])}
    text = (
        f"{names} : mêmes nom, prénom, sexe et date de naissance. Comparer avec $match ; si c'est la même personne, "
        "fusionner ($merge) ; sinon, cocher l'attribut homonyme (HOMA) sur chacun."
    )
    return telling(replace(reply, headers=headers), [Issue("warning", "duplicate", text, "Patient")])


def _are_alike(mine: Any, other: Any) -> bool:
    findings = {each.trait: each.agreement for each in compare(mine, other, lambda _one, _other: False)}
    return all(findings.get(trait, 0) >= 0.95 for trait in ALIKE) and findings.get("gender") != 0
