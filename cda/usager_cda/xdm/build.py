"""Documents -> IHE_XDM.ZIP."""

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from usager_cda.datatypes.times import instant_of
from usager_cda.errors import Finding, IncompleteDocument
from usager_cda.fhir.assembly import uuid_of
from usager_cda.read import read_header
from usager_cda.xdm import hl7v2
from usager_cda.xdm.front import index_page, readme
from usager_cda.xdm.write_metadata import Enclosed, metadata_of

FOLDER = "IHE_XDM/SUBSET01"
MOST_DOCUMENTS = 99
PERMISSIONS = 0o644 << 16
PRODUCT = "Usager"


@dataclass(frozen=True, slots=True)
class XDMDocument:
    """A document to send.

    Shape   content is the CDA, byte for byte. replaces is the entryUUID (urn:uuid:…) of the entry it replaces in the
            register of whoever receives it, when that is known; without it, its header says what it replaces.
    """

    content: bytes
    replaces: str | None = None


def build_xdm(
    documents: Sequence[XDMDocument | bytes],
    *,
    product: str = PRODUCT,
    contact: str = "",
    source_id: str | None = None,
) -> bytes:
    """Return the archive of documents about one person.

    Shape   product and contact are who sends, in words; source_id its OID, by default one made from product. The time
            of the archive is that of its newest document, so that the same documents are the same bytes.
    Errors  IncompleteDocument without documents, with over 99, for several people or for one without any number;
            UnreadableXML, TooLargeXML, NotConformant for what is no CDA.
    Source  IHE XDM [ITI-32]; CI-SIS, Volet Échange de documents de santé.
    """
    enclosed = [_enclosed(rank, document) for rank, document in enumerate(documents, 1)]
    _check(enclosed)
    time = max(instant_of(each.header.time or "1980") for each in enclosed)
    key = hashlib.sha256(b"".join(each.hash.encode() for each in enclosed)).hexdigest()
    metadata = metadata_of(
        enclosed, unique_id=_oid("XDM set", key), source_id=source_id or _oid("XDM source", product), time=time
    )
    files = {
        "INDEX.HTM": index_page(enclosed, FOLDER),
        "README.TXT": readme(enclosed, product, contact),
        f"{FOLDER}/METADATA.XML": metadata,
        **{f"{FOLDER}/{each.uri}": each.content for each in enclosed},
    }
    return _zipped(files, datetime.fromisoformat(time).astimezone(UTC))


def _enclosed(rank: int, document: XDMDocument | bytes) -> Enclosed:
    made = document if isinstance(document, XDMDocument) else XDMDocument(document)
    return Enclosed(f"DOC{rank:05}.XML", made.content, read_header(made.content).header, made.replaces)


def _check(enclosed: Sequence[Enclosed]) -> None:
    if not 0 < len(enclosed) <= MOST_DOCUMENTS:
        raise IncompleteDocument(_asked(f"{len(enclosed)} documents; expected 1 to {MOST_DOCUMENTS}"))
    people = {hl7v2.patient_id(each.header.patient) for each in enclosed}
    if None in people:
        raise IncompleteDocument(_asked("a document names a person without a number; expected a matricule or another"))
    if len(people) > 1:
        raise IncompleteDocument(_asked(f"the documents are about {len(people)} people; expected one"))
    if len({each.header.key for each in enclosed}) < len(enclosed):
        raise IncompleteDocument(_asked("a document is there twice"))


def _asked(message: str) -> Finding:
    return Finding("error", f"The archive cannot be made: {message}")


def _oid(*parts: str) -> str:
    return f"2.25.{UUID(uuid_of(*parts)).int}"


def _zipped(files: dict[str, bytes], moment: datetime) -> bytes:
    out = io.BytesIO()
    stamp = max(moment.replace(tzinfo=None), datetime(1980, 1, 1))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, stamp.timetuple()[:6])
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, PERMISSIONS
            archive.writestr(info, content)
    return out.getvalue()
