"""A new version of a document: what the one before listed, beside what the record holds now. Nothing goes unsaid."""

from collections.abc import Collection, Iterator, Sequence

from usager_server.documents.prefill.draft import Draft, key_of, key_of_part
from usager_server.documents.prefill.groups import is_own_group
from usager_server.documents.prefill.outline import Fill, Part, Tree
from usager_server.documents.prefill.record import codes_told
from usager_server.documents.prefill.setting import Former, reference_to, references_in
from usager_server.documents.prefill.statements import is_valid
from usager_server.requirements import fulfils

LISTED = "Composition.section.entry"
GONE = "n'est plus dans le dossier, ou y est une erreur"
REPLACED = "est remplacé par une valeur plus récente"
OVER = "n'est plus en cours : il n'est plus listé"


def former_section(former: Former | None, key: str) -> Tree:
    """Return the section of the version before; empty when it had none, or when there was no version."""
    if former is None:
        return {}
    return next((each for each in _flat(former.composition.get("section", ())) if key_of(each) == key), {})


def other_sections(draft: Draft, parts: Sequence[Part]) -> list[Tree]:
    """Return the sections of the version before that the outline does not have, or has once: someone added them."""
    if draft.former is None:
        return []
    added = list(_added(draft.former.composition, {key_of_part(each) for each in _all_parts(parts)}))
    for name in (name for section in _flat(added) for name in references_in(section)):
        resource = draft.former.listed.get(name)
        if resource is not None:
            draft.list_stored(resource)
    return added


def _added(holder: Tree, awaited: set[str]) -> Iterator[Tree]:
    """Yield the sections under no key that is awaited; each key is, once."""
    for section in holder.get("section", ()):
        key = key_of(section)
        if key in awaited:
            awaited.discard(key)
            yield from _added(section, awaited)
        else:
            yield section


def _all_parts(parts: Sequence[Part]) -> Iterator[Part]:
    for part in parts:
        yield part
        yield from _all_parts(part.parts)


@fulfils("LGC.MDV.04")
def settled(draft: Draft, part: Part, fill: Fill, before: Tree) -> list[Tree]:
    """Return what a search found, without what someone took out of the version before, and with what they put in.

    Shape   a match that was there, unchanged, when that version was stored, and that it does not list, was taken out.
            Members of a group that was made for that version stay when nothing found tells the same.
    """
    found = [each for each in draft.found(fill) if not is_own_group(each, fill)]
    if draft.former is None or not before or part.in_words:
        return found
    listed = _all_listed(draft.former, before)
    kept = [each for each in found if _is_wanted(draft, draft.former, part, each, listed)]
    return [*kept, *_members_kept(draft, draft.former, part, fill, before)] if fill.group else kept


def _is_wanted(draft: Draft, former: Former, part: Part, resource: Tree, listed: Collection[str]) -> bool:
    name = reference_to(resource)
    if name in listed:
        return True
    is_new = str(resource["meta"]["lastUpdated"]) > former.stored_at
    told = "ajouté : nouveau dans le dossier" if is_new else "laissé de côté : retiré de la version précédente"
    draft.remark(f"{part.title} : {name} est {told}", expression=LISTED)
    return is_new


def _members_kept(draft: Draft, former: Former, part: Part, fill: Fill, before: Tree) -> Iterator[Tree]:
    """Yield the members of former groups of ours that nothing found replaces."""
    now = {reference_to(each) for each in draft.found(fill)}
    groups = (former.listed.get(name) or {} for name in references_in(before))
    for group in (each for each in groups if is_own_group(each, fill)):
        for name in _members(group):
            resource = former.listed.get(name)
            if name in now:
                continue
            if resource is None or not is_valid(resource):
                draft.remark(f"{part.title} : {name} {GONE}", expression=LISTED)
            elif _is_told(draft, fill, resource):
                draft.remark(f"{part.title} : {name} {REPLACED}", expression=LISTED)
            else:
                yield resource


def kept_entries(draft: Draft, part: Part, before: Tree) -> list[Tree]:
    """Return what the version before listed, that no search finds any more, and that still holds: someone added it."""
    if draft.former is None:
        return []
    now = {reference_to(each) for fill in part.fills for each in draft.found(fill)}
    unseen = {fill.type for fill in part.fills if fill in draft.record.withheld}
    kept = []
    for reference in before.get("entry", ()):
        name = str(reference.get("reference"))
        if name.startswith("#") or name.partition("/")[0] in unseen:
            kept.append(reference)  # inside the document, or out of the caller's reach: not theirs to judge
        elif name not in now and (resource := _still_listed(draft, draft.former, part, name)) is not None:
            kept.append(draft.list_stored(resource))
    return kept


def _still_listed(draft: Draft, former: Former, part: Part, name: str) -> Tree | None:
    resource = former.listed.get(name)
    if resource is not None and any(is_own_group(resource, fill) for fill in part.fills):
        return None  # its members are in the new one
    told = _why_not(draft, former, part, resource)
    if told:
        draft.remark(f"{part.title} : {name} {told}", expression=LISTED)
    return None if told else resource


def _why_not(draft: Draft, former: Former, part: Part, resource: Tree | None) -> str | None:
    if resource is None or not is_valid(resource):
        return GONE
    same = [fill for fill in part.fills if fill.type == resource["resourceType"]]
    if any(fill.one_of_each and _is_told(draft, fill, resource) for fill in same):
        return REPLACED
    if same and str(resource["meta"]["lastUpdated"]) > former.stored_at:
        return OVER
    return None


def _is_told(draft: Draft, fill: Fill, resource: Tree) -> bool:
    known = {token for each in draft.found(fill) for token in codes_told(each, fill)}
    return set(codes_told(resource, fill)) <= known


def _all_listed(former: Former, section: Tree) -> set[str]:
    """Return what a section listed, the members of its groups included."""
    listed = set(references_in(section))
    inside = (name for group in tuple(listed) for name in _members(former.listed.get(group) or {}))
    return listed | set(inside)


def _members(group: Tree) -> list[str]:
    """Return what an Observation groups."""
    return [name for name in references_in({"entry": group.get("hasMember", ())}) if not name.startswith("#")]


def _flat(sections: Sequence[Tree]) -> Iterator[Tree]:
    for section in sections:
        yield section
        yield from _flat(section.get("section", ()))
