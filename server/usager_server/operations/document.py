"""Composition/$document: a Composition with all it refers to, as a FHIR document, a CDA or a PDF, kept when asked."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from usager_server.errors import Conflict, Invalid, MethodNotAllowed
from usager_server.interactions.operation import warning
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, instant_text, now
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.document_answers import CDA, PDF, RAW_TYPES, answer, given_pdf, press
from usager_server.operations.document_sources import read_sources
from usager_server.operations.parameters import flag_of, given, text_of

if TYPE_CHECKING:  # with them comes all of usager_cda: not at every start
    from usager_server.documents.production.issuing import Issued
    from usager_server.documents.production.making import Produced
    from usager_server.operations.document_keeping import Versions

Resource = dict[str, Any]

FHIR = "fhir"
ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """What the caller asks for: of which Composition, in which form, kept or not, around which PDF."""

    key: str
    form: str
    keeps: bool
    pdf: bytes | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A document before it is written: the versions there were, the identity of this one, its Bundle."""

    composition: Resource
    versions: "Versions"
    issued: "Issued"
    bundle: Resource


async def document(session: Session, request: OperationRequest) -> Reply:
    """Return the document of a Composition: a Bundle by default, its CDA, or its PDF.

    Shape   kept, it is one DocumentReference, whose address is in Location: CDA and PDF, the next version of what the
            Composition was before; without a change since, the same one. Remarks are in the outcome of a Parameters,
            in a Warning header beside raw bytes and a Bundle.
    Errors  NotFound (404), Gone (410), Invalid (400), MethodNotAllowed (405) to keep by GET; Unprocessable (422) with
            one issue for each thing that lacks; Conflict (409) when others keep it at the same time, or when it was
            received; Unavailable (503) when this machine cannot print.
    Source  FHIR R4 composition-operation-document.html; cda.md 5 (SC.CDA/DD.02, SC.CDA/DD.15).
    """
    asked = _asked(session, request)
    for _ in range(ATTEMPTS):
        draft = await _draft(session, asked)
        if asked.form == FHIR and not asked.keeps:
            return Reply(resource=draft.bundle)
        produced = await _produced(session, draft, asked)
        address = await _kept(session, draft, produced) if asked.keeps else ""
        if address is not None:
            return _answer(session, request, asked, draft, produced, address)
    raise Conflict("Others keep versions of this document at the same time; try again", "Composition")


def _asked(session: Session, request: OperationRequest) -> Asked:
    keeps = flag_of(request, "persist") or False
    if keeps and request.by_get:
        raise MethodNotAllowed("persist=true changes the state of the server: use POST", headers={"Allow": "POST"})
    return Asked(_key(session, request), _form(request), keeps, given_pdf(request))


def _key(session: Session, request: OperationRequest) -> str:
    if request.resource_id is not None:
        return request.resource_id
    text = text_of(request, "id").removeprefix(f"{session.base_url}/")
    kind, slash, key = text.rpartition("/")
    if not key or (slash and kind != "Composition"):
        raise Invalid(f"id is {text[:80]!r}; expected the id of a Composition of this server", "id", code="value")
    return key


def _form(request: OperationRequest) -> str:
    """Return the form asked for: by its name, else by an Accept that names it."""
    if given(request, "format") is not None:
        return text_of(request, "format", (FHIR, CDA, PDF))
    return next((form for form, types in RAW_TYPES.items() if any(map(request.names, types))), FHIR)


async def _draft(session: Session, asked: Asked) -> Draft:
    from usager_server.documents.production.issuing import document_bundle, issue
    from usager_server.operations.document_keeping import read_versions, refuse_draft, refuse_received

    sources = await read_sources(session, asked.key)
    if asked.keeps:
        refuse_draft(sources.composition)
    versions = await read_versions(session, sources.composition)
    if asked.keeps:
        refuse_received(versions.documents)
    entries = sources.entries(session.base_url)
    issued = issue([resource for _, resource in entries], versions.documents, asked.pdf or b"")
    bundle = document_bundle(entries, issued, instant_text(now()))
    return Draft(sources.composition, versions, issued, bundle)


async def _produced(session: Session, draft: Draft, asked: Asked) -> "Produced":
    """Return the document: as it was kept when nothing changed since, else made now."""
    from usager_server.documents.production.making import produce
    from usager_server.operations.document_keeping import read_kept

    if draft.issued.same is not None:
        return await read_kept(session, draft.issued.same)
    bundle, writes_vsm = draft.bundle, session.house.settings.cda_vsm
    async with press:
        return await asyncio.to_thread(produce, bundle, (), session.base_url, writes_vsm=writes_vsm, pdf=asked.pdf)


async def _kept(session: Session, draft: Draft, produced: "Produced") -> str | None:
    """Return the address of the document, kept now or before; None when another version came in between."""
    from usager_server.operations.document_keeping import keep, read_versions

    if draft.issued.same is not None:
        return f"DocumentReference/{draft.issued.same['id']}"
    async with session.transaction() as inner:
        await draft.versions.hold(inner)
        if (await read_versions(inner, draft.composition)).seen != draft.versions.seen:
            return None
        return await keep(inner, draft.bundle, produced, draft.issued)


def _answer(
    session: Session, request: OperationRequest, asked: Asked, draft: Draft, produced: "Produced", address: str
) -> Reply:
    headers = {"Location": f"{session.base_url}/{address}"} if address else {}
    if asked.form != FHIR:
        content = produced.cda if asked.form == CDA else produced.pdf
        return answer(request, asked.form, content, produced.issues, headers)
    told = {"Warning": warning(produced.issues)} if produced.issues else {}
    return Reply(resource=draft.bundle, headers={**headers, **told})


compose_document = Operation(
    operation_definition(
        "document",
        "Makes the document of a Composition: it and all it refers to, as a FHIR document Bundle, as a CI-SIS CDA "
        "(N3 with its PDF inside for the models that are known, else N1 around it) or as the PDF/A-1b it carries. "
        "With persist=true it is filed: one DocumentReference with both, the next version of the same document when "
        "something changed, the same one when nothing did.",
        levels=["type", "instance"],
        resource=["Composition"],
        parameters=[
            parameter("id", "uri", "The Composition, at the level of the type"),
            parameter("persist", "boolean", "Whether the document is filed here (POST only); false by default"),
            parameter("format", "code", "fhir (the default), cda or pdf; Accept says it too"),
            parameter("pdf", "Binary", "A PDF/A-1 that takes the place of the one that would be printed"),
            parameter("return", "Resource", "The Bundle, or a Binary", use="out", least=1),
            parameter("document", "Reference", "The DocumentReference, when the document is filed", use="out"),
            parameter("outcome", "OperationOutcome", "What was remarkable in writing and printing it", use="out"),
        ],
    ),
    document,
    needs={"": "r"},
)
