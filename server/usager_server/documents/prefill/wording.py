"""What a resource says, in a few French words: for the narratives of sections that are told and not coded."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from html import escape
from typing import Any

from usager_cda.structured import french
from usager_cda.systems import EXTENSIONS
from usager_server.documents.prefill.outline import Tree

Find = Callable[[str | None], Tree | None]
HEADINGS = ("Élément", "Précisions", "Date")
XHTML = "http://www.w3.org/1999/xhtml"
# The fingerprint of a narrative that was made here: one that a person changed no longer has it, and is kept.
MADE_TEXT = f"{EXTENSIONS}/made-narrative"


def rows_of(resources: Sequence[Tree], find: Find) -> list[tuple[str, str, str]]:
    """Return what each resource is, what else there is to say of it, and its date."""
    return [_row(each, find) for each in resources]


def table(rows: Sequence[tuple[str, str, str]]) -> str:
    """Return rows as the div of a narrative; columns that say nothing are left out."""
    shown = [at for at in range(len(HEADINGS)) if at == 0 or any(row[at] for row in rows)]
    head = "".join(f"<th>{HEADINGS[at]}</th>" for at in shown)
    body = "".join("<tr>" + "".join(f"<td>{escape(row[at])}</td>" for at in shown) + "</tr>" for row in rows)
    return _div(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def paragraphs(lines: Sequence[str]) -> str:
    """Return lines as the div of a narrative."""
    return _div("".join(f"<p>{escape(line)}</p>" for line in lines))


def line(row: tuple[str, str, str]) -> str:
    """Return a row as one line: what it is : precisions (date)."""
    what, more, when = row
    return what + (f" : {more}" if more else "") + (f" ({when})" if when else "")


def person(resource: Tree) -> str:
    """Return the name of a person, a structure or a role."""
    named = resource.get("name")
    if isinstance(named, str):
        return named
    name: Tree = next(iter(named or ()), {})
    parts = [*name.get("prefix", ()), *name.get("given", ()), name.get("family", "")]
    return name.get("text") or " ".join(filter(None, parts))


def contacts(resource: Tree) -> str:
    """Return the telephone numbers and addresses of a person."""
    return ", ".join(str(each["value"]) for each in resource.get("telecom", ()) if each.get("value"))


def is_made(text: Tree) -> bool:
    """Say whether a narrative is as it was made here, and nobody's words."""
    told = (each.get("valueString") for each in text.get("extension", ()) if each.get("url") == MADE_TEXT)
    return _fingerprint(text.get("div", "")) in told or text.get("status") == "empty"


def made_text(div: str) -> Tree:
    """Return a narrative of ours."""
    mark = {"url": MADE_TEXT, "valueString": _fingerprint(div)}
    return {"extension": [mark], "status": "generated", "div": div}


def _fingerprint(div: str) -> str:
    return sha256("".join(div.split()).encode()).hexdigest()[:16]


def _div(content: str) -> str:
    return f'<div xmlns="{XHTML}">{content}</div>'


def _row(resource: Tree, find: Find) -> tuple[str, str, str]:
    says = SAYS.get(resource["resourceType"], _anything)
    what, more, when = says(resource, find)
    return what or resource["resourceType"], more or "", when or ""


Said = tuple[str | None, str | None, str | None]


def _anything(resource: Tree, _find: Find) -> Said:
    code = resource.get("code") or resource.get("type") or resource.get("event")
    listed = code[0] if isinstance(code, list) and code else code
    when = french.day(_first_date(resource)) or french.span(_first_period(resource))
    return french.name(listed if isinstance(listed, dict) else None), _notes(resource), when


def _observation(resource: Tree, find: Find) -> Said:
    parts = [f"{french.name(each.get('code'))} {french.value(each)}" for each in resource.get("component", ())]
    values = filter(None, (french.value(resource), *parts))
    return french.name(resource.get("code")), ", ".join(values), _anything(resource, find)[2]


def _medication(resource: Tree, find: Find) -> Said:
    named = resource.get("medicationCodeableConcept")
    product = find((resource.get("medicationReference") or {}).get("reference")) or {}
    doses = resource.get("dosage") or resource.get("dosageInstruction") or []
    texts = [str(each["text"]) for each in doses if each.get("text")]
    when = french.span(resource.get("effectivePeriod")) or french.day(resource.get("authoredOn"))
    return french.name(named or product.get("code")), " ; ".join(texts), when


def _vaccination(resource: Tree, _find: Find) -> Said:
    lot = f"lot {resource['lotNumber']}" if resource.get("lotNumber") else None
    return french.name(resource.get("vaccineCode")), lot, french.day(resource.get("occurrenceDateTime"))


def _device(resource: Tree, find: Find) -> Said:
    link = (resource.get("device") or {}).get("reference", "")
    inside = (each for each in resource.get("contained", ()) if f"#{each.get('id')}" == link)
    device = find(link) or next(inside, {})
    return french.name(device.get("type")), _notes(resource), french.span(resource.get("timingPeriod"))


def _relative(resource: Tree, _find: Find) -> Said:
    links = ", ".join(filter(None, map(french.name, resource.get("relationship", ()))))
    return person(resource), " ; ".join(filter(None, (links, contacts(resource)))), None


def _team(resource: Tree, find: Find) -> Said:
    members = ", ".join(filter(None, (_member(each, find) for each in resource.get("participant", ()))))
    return resource.get("name") or "Équipe", members, french.span(resource.get("period"))


def _member(participant: Tree, find: Find) -> str:
    link = participant.get("member") or {}
    found = find(link.get("reference")) or {}
    found = find((found.get("practitioner") or {}).get("reference")) or found
    roles = ", ".join(filter(None, map(french.name, participant.get("role", ()))))
    named = link.get("display") or person(found)
    return f"{named} ({roles})" if named and roles else named or roles


def _goal(resource: Tree, _find: Find) -> Said:
    due = (french.day(each.get("dueDate")) for each in resource.get("target", ()))
    when = next(filter(None, due), None)
    until = f"échéance {when}" if when else None
    return french.name(resource.get("description")), until, french.day(resource.get("startDate"))


def _plan(resource: Tree, _find: Find) -> Said:
    details = (each.get("detail") or {} for each in resource.get("activity", ()))
    named = (each.get("description") or french.name(each.get("code")) for each in details)
    title = resource.get("title") or resource.get("description")
    return (
        title or french.name(next(iter(resource.get("category", ())), None)),
        " ; ".join(filter(None, named)),
        (french.span(resource.get("period"))),
    )


def _consent(resource: Tree, _find: Find) -> Said:
    provision = resource.get("provision") or {}
    choice = {"permit": "accepté", "deny": "refusé"}.get(provision.get("type", ""))
    codes = ", ".join(filter(None, map(french.name, provision.get("code", ()))))
    named = codes or french.name(next(iter(resource.get("category", ())), None))
    return named, choice, french.day(resource.get("dateTime"))


def _family(resource: Tree, _find: Find) -> Said:
    conditions = filter(None, (french.name(each.get("code")) for each in resource.get("condition", ())))
    return french.name(resource.get("relationship")), ", ".join(conditions), french.day(resource.get("date"))


def _recommendation(resource: Tree, _find: Find) -> Said:
    codes = (concept for each in resource.get("recommendation", ()) for concept in each.get("vaccineCode", ()))
    return "Vaccins recommandés", ", ".join(filter(None, map(french.name, codes))), french.day(resource.get("date"))


def _notes(resource: Tree) -> str:
    return " ; ".join(str(each["text"]) for each in resource.get("note", ()) if each.get("text"))


def _first_date(resource: Tree) -> str | None:
    return next(_held(resource, ("DateTime", "Date")), None)


def _first_period(resource: Tree) -> Tree | None:
    return next(_held(resource, ("Period", "period")), None)


def _held(resource: Tree, endings: tuple[str, ...]) -> Iterator[Any]:
    starts = ("onset", "performed", "occurrence", "effective", "authored", "period")
    return (held for name, held in resource.items() if name.startswith(starts) and name.endswith(endings))


SAYS: Mapping[str, Callable[[Tree, Find], Said]] = {
    "Observation": _observation,
    "MedicationStatement": _medication,
    "MedicationRequest": _medication,
    "Immunization": _vaccination,
    "DeviceUseStatement": _device,
    "RelatedPerson": _relative,
    "CareTeam": _team,
    "Goal": _goal,
    "CarePlan": _plan,
    "Consent": _consent,
    "FamilyMemberHistory": _family,
    "ImmunizationRecommendation": _recommendation,
}
