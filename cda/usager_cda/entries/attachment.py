"""Attached documents <-> DocumentReference; the PDF copy of the document itself <-> a Binary that the section lists."""

from collections.abc import Iterable, Sequence

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code, build_code
from usager_cda.structured.files import build_file, of_binary, read_file
from usager_cda.structured.kinds import FR_ENTRY, IHE, Kind, loinc
from usager_cda.structured.reading import Reading, extended
from usager_cda.structured.statement import Statement
from usager_cda.structured.writing import Writing, component, link_of, said, status, text_at
from usager_cda.tree import HL7, XSI_TYPE, Node

ATTACHMENT = f"{FR_ENTRY}18"
TYPE_TEMPLATES = (f"{IHE}1.5.3.1.4.13", f"{FR_ENTRY}48", f"{FR_ENTRY}48.18")
ATTACHED = loinc("55107-7", "Document attaché")
TYPE = loinc("69764-9", "Type de document")
COPY = loinc("55108-5", "Copie du document")


def read(statement: Statement, reading: Reading) -> Iterable[Tree]:
    """Yield the Reference of a DocumentReference, or of the Binary of a PDF copy."""
    statement.skip("code", "statusCode", "effectiveTime")
    inside = [relation for relation in statement.inner() if relation.inner is not None]
    kind, link = _type(statement, reading)
    for relation in inside:
        if relation.inner is None or relation.inner.element.tag != HL7 + "observationMedia":
            continue
        relation.taken = True
        relation.inner.forget()
        attachment = read_file(relation.inner.element, reading)
        if attachment is None:
            continue
        if kind and kind["coding"][0].get("code") == COPY.code:
            reading.copies.append(attachment)
            statement.skip("id")
            yield {"reference": f"urn:uuid:{attachment['url'].removeprefix('Binary/')}"}
            continue
        body = extended(
            {"extension": link, "status": "current", "type": kind, "subject": reading.subject},
            reading.people(statement),
            {"content": [{"attachment": attachment}]},
        )
        yield reading.put("DocumentReference", statement, body)


def _type(statement: Statement, reading: Reading) -> tuple[Tree | None, list[Tree]]:
    """Return the type of an attached document, and where the narrative names it."""
    found = statement.one(*TYPE_TEMPLATES[1:])
    if found is None:
        return None, []
    found.skip("id", "code", "statusCode", "effectiveTime")
    kind = reading.concept(found.first("value"))
    return (kind if kind and kind.get("coding") else None), reading.link(found)


def takes(resource: Tree) -> bool:
    """Say whether a resource is a file."""
    return resource.get("resourceType") in ("DocumentReference", "Binary")


def build(resources: Sequence[Tree], writing: Writing) -> Node:
    """Return the organizer of one attached document."""
    (resource,) = resources
    row = writing.row()
    is_copy = resource["resourceType"] == "Binary"
    kind = resource.get("type") or {}
    contents = resource.get("content") or [{}]
    attachment = of_binary(resource) if is_copy else contents[0].get("attachment") or {}
    label = COPY.display if is_copy else said(kind) or attachment.get("title") or "Document"
    made = writing.statement("organizer", (ATTACHMENT,))
    add(made, *writing.ids_of(resource, most=1), build_code("code", ATTACHED), status("completed"))
    typed = writing.statement("observation", TYPE_TEMPLATES)
    typed.append(node("id", root=writing.new_id("type", resource.get("id"), attachment.get("hash")).root))
    reference = row.point("Document", label, link_of(resource))
    add(
        typed, build_code("code", TYPE), text_at(reference), status("completed"), node("effectiveTime", nullFlavor="NA")
    )
    value = writing.coded("value", COPY if is_copy else kind or Code(null="UNK", text=label))
    if value is not None:
        value.set(XSI_TYPE, "CD")
    add(made, component(add(typed, value)))
    media = build_file(attachment, writing, writing.words.new_id())
    return add(made, None if media is None else component(media))


ENTRY = Kind(template=ATTACHMENT, read=read, takes=takes, build=build)
