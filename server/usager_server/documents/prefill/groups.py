"""The Observation under which a model wants those of a section to stand."""

from collections.abc import Sequence

from usager_cda.systems import url_of
from usager_server.documents.prefill.draft import Draft
from usager_server.documents.prefill.outline import Fill, Group, Tree
from usager_server.documents.prefill.record import token_of
from usager_server.documents.prefill.setting import reference_to

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"


def is_own_group(resource: Tree, fill: Fill) -> bool:
    """Say whether an Observation is a group that a document was given before: its members speak for themselves."""
    if fill.group is None or not resource.get("hasMember"):
        return False
    return token_of(resource) == f"{url_of(fill.group.system)}|{fill.group.code}"


def grouped(draft: Draft, fill: Fill, found: Sequence[Tree]) -> list[Tree]:
    """Return the references of a section that lists groups: those of the record, then one around all the rest."""
    if fill.group is None:
        return []
    groups = [each for each in found if each.get("hasMember")]
    inside = {member.get("reference") for each in groups for member in each["hasMember"]}
    loose = [each for each in found if not each.get("hasMember") and reference_to(each) not in inside]
    made = [draft.list_stored(each) for each in groups]
    return [*made, _group(draft, fill.group, loose)] if loose else made


def _group(draft: Draft, group: Group, members: Sequence[Tree]) -> Tree:
    code = {"system": url_of(group.system), "code": group.code, "display": group.display}
    return draft.make(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [{"coding": [{"system": CATEGORIES, "code": group.category}]}],
            "code": {"coding": [code]},
            "subject": draft.subject,
            "hasMember": [draft.list_stored(each) for each in members],
        }
    )
