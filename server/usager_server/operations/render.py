"""DocumentReference/[id]/$render: a stored document for the eye, as a page of HTML or as a PDF."""

import asyncio
import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.documents.conversion import CDA_TYPES
from usager_server.documents.showing import MOST_BYTES, page_by_producer, page_of_document, page_policy, pdf_of_document
from usager_server.errors import TooLarge, Unprocessable
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.jsontext import parse_json
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given, text_of
from usager_server.operations.stored_resources import read_one
from usager_server.requirements import fulfils

HTML, PDF = "text/html", "application/pdf"
MEDIA_TYPES = {"html": HTML, "pdf": PDF}
CONTENT = "DocumentReference.content"
STYLE_SHEETS = ("house", "producer")
PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'"

Resource = Mapping[str, Any]

# One is laid out, or shown by its producer, at a time: those who wait hold no thread.
_press = asyncio.Semaphore(1)


@dataclass(frozen=True, slots=True)
class File:
    """What a DocumentReference leads to: a CDA, or a PDF."""

    media_type: str
    content: bytes


@fulfils("SC.CDA/VISU.01", "SC.CDA/VISU.03", "SC.CDA/DD.15")
async def render(session: Session, request: OperationRequest) -> Reply:
    """Return the document as a page or as a PDF: raw, or in a Binary when the caller accepts FHIR only.

    Errors  NotFound (404), Gone (410); Invalid (400) for an unknown format or stylesheet; Unprocessable (422) when the
            document cannot be shown so, TooLarge (413) over 20 MiB; Unavailable (503) when this machine cannot print.
    """
    wanted = _choice(request, "format", tuple(MEDIA_TYPES))
    sheet = _choice(request, "stylesheet", STYLE_SHEETS)
    file = await _file_of(session, await read_one(session, "DocumentReference", str(request.resource_id)))
    media_type = MEDIA_TYPES[wanted]
    content, policy = await (_as_page(file, sheet) if wanted == "html" else _as_pdf(file))
    if not any(map(request.prefers_raw, MEDIA_TYPES.values())):  # a browser asks for text/html, and shows PDF too
        data = base64.b64encode(content).decode("ascii")
        return Reply(resource={"resourceType": "Binary", "contentType": media_type, "data": data})
    policy = f"{policy}; frame-ancestors 'none'"  # not for the meta element of the page, where browsers ignore it
    headers = {"Content-Security-Policy": policy, "Content-Disposition": f'inline; filename="document.{wanted}"'}
    return Reply(content=content, content_type=_named(media_type), raw=True, headers=headers)


def _choice(request: OperationRequest, name: str, allowed: Sequence[str]) -> str:
    """Return one of the values allowed, by default the first."""
    return allowed[0] if given(request, name) is None else text_of(request, name, allowed)


def _named(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type == HTML else media_type


async def _as_page(file: File, sheet: str) -> tuple[bytes, str]:
    """Return the page and the policy it is made for."""
    if file.media_type == PDF:
        raise Unprocessable("The document is a PDF and no CDA; ask for format=pdf", CONTENT, code="not-supported")
    if sheet == "producer":
        async with _press:
            return await asyncio.to_thread(page_by_producer, file.content)
    return await asyncio.to_thread(page_of_document, file.content), page_policy()


async def _as_pdf(file: File) -> tuple[bytes, str]:
    if file.media_type == PDF:
        return file.content, PDF_POLICY
    async with _press:
        return await asyncio.to_thread(pdf_of_document, file.content), PDF_POLICY


async def _file_of(session: Session, document: Resource) -> File:
    """Return the CDA of a document, else its PDF."""
    attachments = list(_attachments(document))
    for wanted in (CDA_TYPES, (PDF,)):
        for expression, attachment in attachments:
            media_type = _media_type(attachment)
            if media_type in wanted:
                return File(media_type, await _content(session, attachment, expression))
    found = ", ".join(_media_type(each) or "none" for _, each in attachments) or "nothing"
    expected = f"{', '.join(CDA_TYPES)} or {PDF}"
    raise Unprocessable(f"The document has no content that can be shown: {found}; expected {expected}", CONTENT)


def _attachments(document: Resource) -> Iterator[tuple[str, Resource]]:
    for rank, content in enumerate(document.get("content", ())):
        yield f"{CONTENT}[{rank}].attachment", content.get("attachment") or {}


def _media_type(attachment: Resource) -> str:
    return str(attachment.get("contentType", "")).partition(";")[0].strip().lower()


async def _content(session: Session, attachment: Resource, expression: str) -> bytes:
    if attachment.get("data"):
        return _decoded(attachment["data"], f"{expression}.data")
    plain = str(attachment.get("url", "")).removeprefix(f"{session.base_url}/").partition("/_history/")[0]
    kind, _, key = plain.partition("/")
    stored = await session.repository.read("Binary", key) if kind == "Binary" and key else None
    if stored is None or stored.document is None:
        raise Unprocessable(
            "The file of the document is not here; expected a Binary of this server", f"{expression}.url"
        )
    if stored.content is None:
        return _decoded(parse_json(stored.document.encode()).get("data", ""), f"{expression}.url")
    size = await session.repository.content_size(stored.content) or 0
    if size > MOST_BYTES:
        raise TooLarge(f"The document has {size} bytes; at most {MOST_BYTES} are shown", f"{expression}.url")
    return b"".join([piece async for piece in session.repository.read_content(stored.content)])


def _decoded(data: str, expression: str) -> bytes:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unprocessable(f"The file of the document is not base64: {error}", expression, code="value") from error


render_document = Operation(
    operation_definition(
        "render",
        "Shows a stored document: the page of a CDA (its identity and header in French, the PDF it carries, then its "
        "sections), or its PDF: the one it carries, else its header and sections printed as PDF/A-1b. With an Accept "
        "of FHIR the answer is a Binary, else the page or the PDF itself.",
        levels=["instance"],
        resource=["DocumentReference"],
        parameters=[
            parameter("format", "code", "html (the default) or pdf"),
            parameter(
                "stylesheet",
                "code",
                "house (the default), or producer: by the style sheet that the document brings along, run apart and "
                "cleaned; ours when there is none or it presents a risk",
            ),
            parameter("return", "Binary", "The page or the PDF", use="out", least=1),
        ],
    ),
    render,
    needs={"": "r"},
)
