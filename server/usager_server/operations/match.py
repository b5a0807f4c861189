"""Patient/$match: the records that may be this person's, each with how sure it is and why."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server.errors import Invalid, Issue, operation_outcome
from usager_server.interactions.bundle_text import bundle_text
from usager_server.interactions.checks import REFUSING, judged
from usager_server.interactions.limits import MATCHES, MATCHES_MOST
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.jsontext import build_json
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import flag_of, given, required
from usager_server.requirements import fulfils
from usager_server.search.names import ALIKE


@fulfils("SENTINELLE.05", "SC.INS.19")
async def match(session: Session, request: OperationRequest) -> Reply:
    """Return the records that may be the person's, the surest first.

    Shape   a searchset; search.score from 0 to 1, the grade of FHIR, and a reason for each trait, in French.
    Errors  Invalid (400) for a Patient that is not FHIR, or that tells too little to be looked for.
    Time    one statement, CANDIDATES records compared.
    Source  FHIR R4 patient-operation-match.html.
    """
    from usager_server.operations.likely_records import alike, entry_text  # with the rooms that compare: not at start

    patient = await _sought(session, request)
    count = _count(request)
    found = await alike(session, patient)
    told = _incomplete(session)
    if not flag_of(request, "onlyCertainMatches"):
        return _reply(session, [entry_text(session, each) for each in found[:count]], told)
    certain = [entry_text(session, each) for each in found if each.is_certain]
    if len(certain) > 1:
        text = f"{len(certain)} dossiers conviennent de façon certaine : aucun n'est donné seul"
        return _reply(session, [], [Issue("information", "multiple-matches", text), *told])
    return _reply(session, certain, told)


def _incomplete(session: Session) -> list[Issue]:
    """Return that some records cannot be found yet, while those stored before are indexed anew."""
    if not session.house.unfinished.lacks("Patient", ALIKE):
        return []
    return [Issue("warning", "incomplete", "L'indexation des dossiers est en cours : d'autres peuvent convenir")]


async def _sought(session: Session, request: OperationRequest) -> Mapping[str, Any]:
    patient = required(request, "resource")
    place = "Parameters.parameter.where(name = 'resource').resource"
    if not isinstance(patient, dict) or patient.get("resourceType") != "Patient":
        raise Invalid("resource is a Patient: what is known of the person looked for", place, code="value")
    validator = session.house.validator
    broken = await judged(lambda seconds: validator.structure(patient, "Patient", seconds=seconds))
    if any(issue.severity in REFUSING for issue in broken):
        raise Invalid("This Patient is not FHIR R4", issues=broken)
    return patient


def _count(request: OperationRequest) -> int:
    count = given(request, "count")
    if count is None:
        return MATCHES
    if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MATCHES_MOST:
        raise Invalid(f"count is a whole number from 1 to {MATCHES_MOST}", "count", code="value")
    return count


def _reply(session: Session, found: Sequence[str], issues: Sequence[Issue]) -> Reply:
    entries = [*found]
    if issues:
        outcome = operation_outcome(issues)
        entries.append(f'{{"resource":{build_json(outcome).decode()},"search":{{"mode":"outcome"}}}}')
    return Reply(document=bundle_text("searchset", session.base_url, [], entries, len(found)))


match_operation = Operation(
    operation_definition(
        "match",
        "Finds the records that may be of a person: by matricule or local number, by names that are only alike (used "
        "or birth name, part of a compound, swapped, misspelt), by birth dates that are easily taken for one another. "
        "Each comes with a score, a grade and the reasons, trait by trait.",
        levels=["type"],
        resource=["Patient"],
        parameters=[
            parameter("resource", "Resource", "What is known of the person, as a Patient", least=1),
            parameter("onlyCertainMatches", "boolean", "Only the record that is surely theirs, if there is one"),
            parameter("count", "integer", f"At most so many: {MATCHES}, up to {MATCHES_MOST}"),
            parameter("return", "Bundle", "The records, the surest first", use="out", least=1),
        ],
    ),
    match,
    needs={"": "s"},
)
