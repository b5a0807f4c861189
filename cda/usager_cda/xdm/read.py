"""IHE_XDM.ZIP from anywhere -> the documents in it, and what is wrong with each."""

import hashlib
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from usager_cda.errors import CDAError, Finding
from usager_cda.read import read_header
from usager_cda.xdm.members import XDM_LIMITS, UnsafeArchive, XDMLimits, members_of
from usager_cda.xdm.read_metadata import Entry, entries_of

METADATA = "metadata.xml"
XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe<", b"\xfe\xff")
ROOT_WITHIN_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class ReceivedDocument:
    """A document of an archive.

    Shape   path is its name in the archive; entry what the metadata say of it, None when they say nothing. is_intact
            says whether its bytes are those that the metadata announce.
    """

    path: str
    content: bytes
    entry: Entry | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def is_intact(self) -> bool:
        """Say whether nothing contradicts the bytes: neither hash nor size."""
        return not any(finding.severity == "error" for finding in self.findings)


@dataclass(frozen=True, slots=True)
class XDMArchive:
    """What an archive holds. findings are those of the archive itself; each document has its own."""

    documents: tuple[ReceivedDocument, ...]
    findings: tuple[Finding, ...] = ()
    others: tuple[str, ...] = field(default=())


def read_xdm(data: bytes, limits: XDMLimits = XDM_LIMITS) -> XDMArchive:
    """Return the documents of an archive, with or without metadata, in any folder and any letter case.

    Shape   others are the names of members that are no documents (INDEX.HTM, style sheets ...).
    Errors  UnsafeArchive when it may not be opened, or holds no document at all. What else is wrong is a finding.
    """
    return _Reader(members_of(data, limits)).archive()


class _Reader:
    def __init__(self, members: dict[str, bytes]) -> None:
        self.members = members
        self.by_folded = {name.casefold(): name for name in members}
        self.findings: list[Finding] = []
        self.taken: set[str] = set()

    def archive(self) -> XDMArchive:
        described = list(self._described())
        bare = [self._bare(name) for name in self.members if name not in self.taken and self._is_cda(name)]
        documents = (*described, *bare)
        if not documents:
            message = "The archive is refused: it holds no document; expected METADATA.XML and what it names, or a CDA"
            raise UnsafeArchive(Finding("error", message))
        others = tuple(name for name in self.members if name not in self.taken)
        return XDMArchive(documents, tuple(self.findings), others)

    def _described(self) -> Iterator[ReceivedDocument]:
        """Yield the documents that metadata name; there is a METADATA.XML in each subset."""
        found = [name for name in self.members if posixpath.basename(name).casefold() == METADATA]
        if not found:
            self._report("warning", "The archive has no METADATA.XML; its documents are known by themselves only")
        for name in found:
            self.taken.add(name)
            try:
                entries = entries_of(self.members[name])
            except CDAError as error:
                self._report("error", f"{name} cannot be read: {error}")
                continue
            for entry in entries:
                yield from self._named(name, entry)

    def _named(self, metadata: str, entry: Entry) -> Iterator[ReceivedDocument]:
        """Yield the file of an entry. One that is announced and is not there is told, not made up."""
        wanted = posixpath.join(posixpath.dirname(metadata), unquote(entry.uri or ""))
        name = self.by_folded.get(posixpath.normpath(wanted).casefold())
        if not entry.uri or name is None:
            told = entry.uri or "a document without URI"
            self._report("warning", f"{metadata} tells of {told} (status {entry.status}), which is not in the archive")
        elif name in self.taken:
            self._report("warning", f"{metadata} names {name} twice; the first time counts")
        else:
            self.taken.add(name)
            document = ReceivedDocument(name, self.members[name], entry)
            yield replace(document, findings=tuple(_contradictions(document.content, entry, name)))

    def _bare(self, name: str) -> ReceivedDocument:
        self.taken.add(name)
        finding = Finding("warning", f"{name} is in no metadata; it is known by itself only")
        return ReceivedDocument(name, self.members[name], None, (finding,))

    def _is_cda(self, name: str) -> bool:
        content = self.members[name]
        return content.lstrip()[:4].startswith(XML_STARTS) and b"ClinicalDocument" in content[:ROOT_WITHIN_BYTES]

    def _report(self, severity: str, message: str) -> None:
        self.findings.append(Finding(severity, message))


def _contradictions(content: bytes, entry: Entry, name: str) -> Iterator[Finding]:
    digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if entry.hash and entry.hash != digest:
        yield Finding("error", f"{name} has the SHA-1 {digest}; its metadata announce {entry.hash[:80]}")
    if entry.size_bytes is not None and entry.size_bytes != len(content):
        yield Finding("error", f"{name} has {len(content)} bytes; its metadata announce {entry.size_bytes}")
    if not entry.hash:
        yield Finding("information", f"The metadata of {name} announce no hash")
    try:
        header = read_header(content).header
    except CDAError as error:
        yield Finding("warning", f"{name} cannot be read as a CDA: {error}")
        return
    if entry.unique_id and entry.unique_id != header.key:
        yield Finding("error", f"{name} is {header.key}; its metadata announce {entry.unique_id[:200]}")
