"""Outline, setting, record -> the transaction that stores the prefilled document, its Composition first."""

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import uuid4

from usager_cda.errors import Finding
from usager_cda.fhir.composition import COMPOSITION_VERSION
from usager_cda.systems import EXTENSIONS
from usager_server.documents.prefill.draft import Draft
from usager_server.documents.prefill.filling import filled
from usager_server.documents.prefill.former import other_sections
from usager_server.documents.prefill.models import title_of, type_of
from usager_server.documents.prefill.outline import Outline, Part, Tree
from usager_server.documents.prefill.record import Record
from usager_server.documents.prefill.setting import Former, Setting, reference_to
from usager_server.requirements import fulfils

FINDING = f"{EXTENSIONS}/prefill-finding"
URIS = "urn:ietf:rfc:3986"
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
# What a person may have set in the version before, and that no record tells.
CARRIED = ("contained", "category", "confidentiality", "language", "title")
FIRST = 1


@fulfils("SC.DOC.03")
def prefilled(outline: Outline, setting: Setting, record: Record, former: Former | None) -> Draft:
    """Return the draft of a document: sections, new resources, remarks."""
    draft = Draft(outline, setting, record, former)
    parts = outline.parts
    draft.sections = filled(draft, parts)
    draft.sections += other_sections(draft, parts)
    if outline.completes is not None:
        outline.completes(draft)
    _tell_cuts(draft, parts)
    return draft


def _tell_cuts(draft: Draft, parts: Iterable[Part]) -> None:
    for part in parts:
        _tell_cuts(draft, part.parts)
        for fill in filter(draft.record.is_cut, part.fills):
            text = f"{part.title} : le dossier a plus de {fill.type} que les {fill.most} plus récents, repris ici"
            draft.remark(text, severity="warning", expression="Composition.section.entry")


def composition_of(draft: Draft) -> Tree:
    """Return the Composition of a draft."""
    asked, setting, former = draft.setting.asked, draft.setting, draft.former
    before: Tree = former.composition if former else {}
    made: dict[str, Any] = {
        "resourceType": "Composition",
        "language": "fr-FR",
        "extension": list(_extensions(before)),
        "identifier": before.get("identifier") or {"system": URIS, "value": f"urn:oid:2.25.{uuid4().int}"},
        "status": "preliminary",
        "type": type_of(draft.outline, asked.code),
        "subject": draft.subject,
        "encounter": {"reference": reference_to(setting.encounter)} if setting.encounter else None,
        "date": asked.moment,
        "author": [_author(setting)],
        "title": draft.title or title_of(draft.outline, asked.code),
        "confidentiality": "N",
        "attester": [{"mode": "legal", "party": _author(setting)}] if setting.author else None,
        "custodian": {"reference": reference_to(setting.custodian)} if setting.custodian else before.get("custodian"),
        "event": list(_events(draft, before)),
        "section": draft.sections,
    }
    made |= {name: before[name] for name in CARRIED if name in before}
    if former is not None:
        made["relatesTo"] = [{"code": "replaces", "targetReference": {"reference": reference_to(before)}}]
    return {name: held for name, held in made.items() if held not in (None, [], {})}


def _extensions(before: Tree) -> Iterator[Tree]:
    yield from (each for each in before.get("extension", ()) if each.get("url") != COMPOSITION_VERSION)
    yield {"url": COMPOSITION_VERSION, "valueString": str(_number(before) + 1 if before else FIRST)}


def _number(composition: Tree) -> int:
    told = (each for each in composition.get("extension", ()) if each.get("url") == COMPOSITION_VERSION)
    text = next((str(each.get("valueString")) for each in told), str(FIRST))
    return int(text) if text.isdecimal() and len(text) < 9 else FIRST


def _author(setting: Setting) -> Tree:
    if setting.author:
        return {"reference": reference_to(setting.author)}
    return {"extension": [{"url": ABSENT, "valueCode": "unknown"}], "display": "À renseigner"}


def _events(draft: Draft, before: Tree) -> Iterator[Tree]:
    """Yield the act: its day is that of this version, its code that of the one before."""
    codes = next((each["code"] for each in before.get("event", ()) if each.get("code")), None)
    event = {**({"code": codes} if codes else {}), **draft.event}
    if event:
        yield event


def bundle_of(draft: Draft, composition: Tree, base_url: str) -> Tree:
    """Return the transaction: the Composition, what is new, then what the record has, to be read again or written.

    Shape   remarks are in extensions of the first entry. An entry of the record is a GET that answers 304 when nothing
            changed since; to change a value, PUT it instead.
    """
    first = _posted(f"urn:uuid:{uuid4()}", composition)
    remarks = [_extension(each) for each in draft.findings]
    entries = [{"extension": remarks, **first} if remarks else first]
    entries += [_posted(name, resource) for name, resource in draft.made.items()]
    entries += [_stored(draft, name, resource, base_url) for name, resource in draft.listed.items()]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _posted(full_url: str, resource: Tree) -> Tree:
    return {
        "fullUrl": full_url,
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"]},
    }


def _stored(draft: Draft, name: str, resource: Tree, base_url: str) -> Tree:
    version = f'W/"{resource["meta"]["versionId"]}"'
    if name in draft.changed:
        request = {"method": "PUT", "url": name, "ifMatch": version}
    else:
        request = {"method": "GET", "url": name, "ifNoneMatch": version}
    return {"fullUrl": f"{base_url}/{name}", "resource": resource, "request": request}


def _extension(finding: Finding) -> Tree:
    parts = [{"url": "severity", "valueCode": finding.severity}, {"url": "message", "valueString": finding.message}]
    if finding.expression:
        parts.append({"url": "expression", "valueString": finding.expression})
    return {"url": FINDING, "extension": parts}
