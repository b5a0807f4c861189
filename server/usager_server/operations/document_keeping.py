"""Documents kept: the versions of a Composition that are here, and one more, filed once with its CDA and its PDF."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from usager_server.documents.production.issuing import Issued, own_set
from usager_server.documents.production.making import Produced, metadata_of
from usager_server.errors import Conflict, Unprocessable
from usager_server.interactions.checks import check_resource
from usager_server.interactions.conditions import hold, parse_identity
from usager_server.interactions.limits import DOCUMENT_VERSIONS_LIMIT
from usager_server.interactions.queries import search_query
from usager_server.interactions.session import Session
from usager_server.interactions.writing import new_draft, new_id, prepared
from usager_server.jsontext import parse_json
from usager_server.operations.stored_resources import content_of
from usager_server.repository import Draft

Resource = dict[str, Any]

KEPT_STATUSES = ("final", "amended")
CDA, PDF = "text/xml", "application/pdf"


@dataclass(frozen=True, slots=True)
class Versions:
    """The documents that a Composition has been, by the search that finds them."""

    search: tuple[str, str]
    documents: Sequence[Resource]

    @property
    def seen(self) -> Sequence[tuple[str, str]]:
        """Return which versions of which documents these are."""
        return [(each["id"], each["meta"]["versionId"]) for each in self.documents]

    async def hold(self, session: Session) -> None:
        """Let no one else file a version until this transaction ends."""
        await hold(session, parse_identity(session, "DocumentReference", [self.search]))


async def read_versions(session: Session, composition: Resource) -> Versions:
    """Return the documents a Composition has been: those of its identifier, else those that name it."""
    search = own_set(composition) or ("related", f"Composition/{composition['id']}")
    parameters = [search, ("_count", str(DOCUMENT_VERSIONS_LIMIT))]
    page = await session.repository.search(search_query(session, ("DocumentReference",), parameters, strict=True))
    stored = [found.stored for found in page.entries if found.mode == "match"]
    return Versions(search, [parse_json((each.document or "{}").encode()) for each in stored])


def refuse_draft(composition: Resource) -> None:
    """Refuse to keep what is not finished. Errors: Unprocessable (422)."""
    status = composition.get("status")
    if status not in KEPT_STATUSES:
        text = f"The Composition is {status}: a document is kept once it is {' or '.join(KEPT_STATUSES)}"
        raise Unprocessable(text, "Composition.status", code="business-rule")


def refuse_received(documents: Sequence[Resource]) -> None:
    """Refuse to write another version of a document that someone else wrote. Errors: Conflict (409)."""
    for document in documents:
        related = (document.get("context") or {}).get("related", ())
        if not any(str(each.get("reference", "")).startswith("Composition/") for each in related):
            text = f"DocumentReference/{document['id']} was received: only who wrote it may replace it"
            raise Conflict(text, "Composition.identifier", code="business-rule")


async def keep(session: Session, bundle: Resource, produced: Produced, issued: Issued) -> str:
    """Store the CDA, its PDF and their one DocumentReference, supersede the former one, and return the new address.

    Shape   inside the caller's transaction, under the hold of `Versions`.
    """
    files = [await _file_draft(session, *each) for each in ((CDA, produced.cda), (PDF, produced.pdf))]
    document = metadata_of(bundle, produced, *(f"Binary/{each.id}" for each in files))
    if issued.former is not None:
        await _supersede(session, document, issued.former)
    await check_resource(session, document, "DocumentReference")
    draft, _ = await prepared(session, document, new_id(), "POST")
    await session.repository.create([*files, draft])
    return f"{draft.type}/{draft.id}"


async def _file_draft(session: Session, media_type: str, data: bytes) -> Draft:
    """Store the bytes of a file, and return the Binary that will lead to them."""
    key = await session.repository.write_content(_pieces(data))
    return new_draft(session, {"resourceType": "Binary", "contentType": media_type}, new_id(), "POST", key)


async def _supersede(session: Session, document: Resource, former: Resource) -> None:
    reference = f"DocumentReference/{former['id']}"
    for relation in document.get("relatesTo", ()):
        if relation["target"].get("identifier") == former.get("masterIdentifier"):
            relation["target"]["reference"] = reference
    if former.get("status") != "current":
        return
    draft, _ = await prepared(session, {**former, "status": "superseded"}, former["id"], "PUT")
    await session.repository.update(draft, expected_version=int(former["meta"]["versionId"]))


async def read_kept(session: Session, document: Resource) -> Produced:
    """Return a document that was kept, its bytes as they were stored. Errors: Conflict (409) when they are gone."""
    cda, pdf = [await _file(session, document, media_type) for media_type in (CDA, PDF)]
    return Produced(cda, pdf)


async def _file(session: Session, document: Resource, media_type: str) -> bytes:
    attachments = (content.get("attachment") or {} for content in document.get("content", ()))
    urls = (str(each.get("url")) for each in attachments if each.get("contentType") == media_type)
    kind, _, key = next(urls, "").partition("/")
    stored = await session.repository.read("Binary", key) if kind == "Binary" else None
    if stored is None or stored.content is None:
        text = f"The {media_type} of DocumentReference/{document['id']}, which was kept, is not here any more"
        raise Conflict(text, "DocumentReference.content", code="business-rule")
    return await content_of(session, stored)


async def _pieces(data: bytes, size_bytes: int = 1 << 20) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size_bytes):
        yield data[start : start + size_bytes]
