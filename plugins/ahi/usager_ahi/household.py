"""Group/[id]/$household: who makes up a household, and its composition as the SI-SIAO names it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from usager_server import (
    NotFound,
    Operation,
    OperationRequest,
    Reply,
    Session,
    Unprocessable,
    canonical,
    fetch,
    given,
    operation_definition,
    packaged,
    parameter,
    parameters,
    part,
)

COMPOSITIONS = canonical("CodeSystem", "siao-compositions")
MAJORITY_YEARS = 18
MEMBERS_MOST = 50

LABELS = {concept["code"]: concept["display"] for concept in packaged("usager_ahi", "CodeSystem")[0]["concept"]}

DEFINITION = operation_definition(
    "household",
    "Reads the current members of a household (a Group of persons) and says its composition in the SI-SIAO's list.",
    levels=["instance"],
    resource=["Group"],
    parameters=[
        parameter("couple", "boolean", "Whether the two adults are a couple: the records alone do not say"),
        parameter("adults", "integer", "Members of 18 or more, or of unknown age", use="out", least=1),
        parameter("minors", "integer", "Members under 18", use="out", least=1),
        parameter("composition", "Coding", "Composition of the household; absent when the list has none", use="out"),
        parameter("member", "Reference", "A current member", use="out", most="*"),
    ],
)


@dataclass(frozen=True, slots=True)
class Household:
    """Who lives together. Shape: genders are FHIR codes, of the adults only."""

    genders: Sequence[str]
    minors: int
    couple: bool = False

    @property
    def composition(self) -> str | None:
        """Return the code of the SI-SIAO's list, or None when it has none (a lone adult of unknown gender)."""
        match (len(self.genders), self.minors):
            case (0, 0):
                return None
            case (0, minors):
                return "80" if minors == 1 else "90"
            case (1, minors):
                alone = {"male": "10", "female": "20"} if minors == 0 else {"male": "50", "female": "40"}
                return alone.get(self.genders[0])
            case (2, minors) if self.couple:
                return "100" if minors else "30"
            case (_, minors):
                return "60" if minors else "70"
        return None


def household(people: Sequence[Mapping[str, Any]], today: date, *, couple: bool) -> Household:
    """Return the household that these persons make on a day. Someone without birth date counts as an adult."""
    adults = [person for person in people if not _is_minor(person, today)]
    return Household([person.get("gender", "unknown") for person in adults], len(people) - len(adults), couple)


def _is_minor(person: Mapping[str, Any], today: date) -> bool:
    born = person.get("birthDate")
    if born is None:
        return False
    year, month, day = (int(piece) for piece in (born + "-01-01")[:10].split("-"))
    return (today.year - year - ((today.month, today.day) < (month, day))) < MAJORITY_YEARS


async def read_household(session: Session, request: OperationRequest) -> Reply:
    """Return the composition; members that are gone are left out.

    Errors  NotFound (404) when the group is unknown; Unprocessable (422) over MEMBERS_MOST members.
    """
    group = await fetch(session, "Group", request.resource_id or "")
    members = [each for each in group.get("member", ()) if not each.get("inactive") and _is_local(each)]
    references = list(dict.fromkeys(each["entity"]["reference"] for each in members))
    if len(references) > MEMBERS_MOST:
        text = f"The group has over {MEMBERS_MOST} members: it is no household"
        raise Unprocessable(text, "Group.member", code="too-costly")
    people = [person for reference in references if (person := await _person(session, reference)) is not None]
    found = household(people, datetime.now(UTC).date(), couple=given(request, "couple") in (True, "true"))
    code = found.composition
    named = (
        [part("composition", valueCoding={"system": COMPOSITIONS, "code": code, "display": LABELS[code]})]
        if code
        else []
    )
    return Reply(
        resource=parameters(
            part("adults", valueInteger=len(found.genders)),
            part("minors", valueInteger=found.minors),
            *named,
            *(part("member", valueReference={"reference": f"Patient/{person['id']}"}) for person in people),
        )
    )


def _is_local(member: Mapping[str, Any]) -> bool:
    return str(member["entity"].get("reference", "")).startswith("Patient/")


async def _person(session: Session, reference: str) -> Mapping[str, Any] | None:
    try:
        return await fetch(session, "Patient", reference.split("/")[1])
    except NotFound:
        return None


operation = Operation(DEFINITION, read_household, needs={"Group": "r", "Patient": "r"})
