"""The Observation under which a model wants those of a section to stand, and panels taken apart for it."""

from collections.abc import Iterator, Sequence

from usager_cda.systems import url_of
from usager_server.documents.prefill.draft import Draft
from usager_server.documents.prefill.outline import Fill, Tree
from usager_server.documents.prefill.record import codes_told, token_of
from usager_server.documents.prefill.setting import reference_to

CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"
FROM_PANEL = ("status", "category", "effectiveDateTime", "effectivePeriod", "performer", "subject")
VALUES = ("code", "valueQuantity", "valueCodeableConcept", "valueString", "dataAbsentReason", "interpretation")


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
    return [*made, _group(draft, fill, loose)] if loose else made


def _group(draft: Draft, fill: Fill, members: Sequence[Tree]) -> Tree:
    group = fill.group
    assert group is not None  # noqa: S101 - grouped() asked
    contained: list[Tree] = []
    references = [each for member in members for each in _members(draft, fill, member, contained)]
    return draft.make(
        {
            "resourceType": "Observation",
            "contained": contained,
            "status": "final",
            "category": [{"coding": [{"system": CATEGORIES, "code": group.category}]}],
            "code": {
                "coding": [{"system": url_of(group.system), "code": group.code, "display": group.display}],
            },
            "subject": draft.subject,
            "hasMember": references,
        }
    )


def _members(draft: Draft, fill: Fill, member: Tree, contained: list[Tree]) -> Iterator[Tree]:
    reference = draft.list_stored(member)
    if token_of(member) not in fill.panels:
        yield reference
        return
    for component in member.get("component", ()):
        if token_of(component) in codes_told(member, fill):
            key = f"c{len(contained) + 1}"
            own = {name: component[name] for name in VALUES if name in component}
            shared = {name: member[name] for name in FROM_PANEL if name in member}
            contained.append({"resourceType": "Observation", "id": key, **shared, "derivedFrom": [reference], **own})
            yield {"reference": f"#{key}"}
