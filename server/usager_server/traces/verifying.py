"""What is found wrong in a chain of traces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from usager_server.traces.anchors import Anchor, Removal
from usager_server.traces.chain import first_hash, link_hash
from usager_server.traces.provenance import is_of_version
from usager_server.traces.record import Trace, instant_of

if TYPE_CHECKING:
    from hashlib import _Hash as HASH

MOST_TOLD = 100


class Linked(Protocol):
    """A link of a chain with its trace."""

    @property
    def seq(self) -> int:
        """The number of the link."""
        ...

    @property
    def row(self) -> int:
        """The number of the trace it is of."""
        ...

    @property
    def hash(self) -> bytes:
        """What it was found to be."""
        ...

    @property
    def trace(self) -> Trace | None:
        """The trace, None when it is gone."""
        ...


@dataclass(slots=True)
class Verdict:
    """What a verification found.

    Shape   findings are sentences, MOST_TOLD at most; wrong counts all of them. lost: what restorations cost, a
            sentence each: nothing wrong, but nothing to pass over. begins: where, when old traces were removed.
            anchored: the last link that an anchor agrees with. removed_before: the row number before which old traces
            were removed, or are about to be.
    """

    tenant: int
    links: int = 0
    anchors: int = 0
    anchored: int = 0
    wrong: int = 0
    findings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    begins: str = ""
    removed_before: int = 0

    def add(self, finding: str) -> None:
        """Note something that is wrong."""
        self.wrong += 1
        if len(self.findings) < MOST_TOLD:
            self.findings.append(finding)


@dataclass(slots=True)
class Kept:
    """The traces of versions that stay when those around them are removed, counted and summed up in their order.

    Shape   the digest covers the hash of the link of each. removed counts the others, which are gone.
    """

    before: int
    seq: int
    count: int = 0
    removed: int = 0
    _digest: "HASH" = field(default_factory=sha256)

    def covers(self, link: Linked) -> bool:
        """Say whether a link is of what was removed, or kept then."""
        return link.seq <= self.seq and link.row < self.before

    def follow(self, link: Linked) -> None:
        """Take the next link that is covered."""
        if link.trace is None:
            self.removed += 1
        elif is_of_version(link.trace):
            self.count += 1
            self._digest.update(link.hash)

    def digest(self) -> bytes:
        """Return the digest of those that were met."""
        return self._digest.digest()


class Chain:
    """A chain being verified, link after link, in the order of their numbers."""

    def __init__(self, tenant: int, anchors: Sequence[Anchor]) -> None:
        self.verdict = Verdict(tenant)
        self._tenant = tenant
        self._anchors: dict[int, Anchor] = {}
        self._removals: list[tuple[int, Anchor, Removal]] = []
        for number, anchor in enumerate((one for one in anchors if one.tenant == tenant), 1):
            self._take(number, anchor)
        self._kept: Kept | None = None
        if self._removals:
            _, anchor, removal = self._removals[-1]
            self._kept = Kept(removal.before, anchor.seq)
            self.verdict.removed_before = removal.before
        self._seq, self._hash = 0, first_hash(tenant)

    def _take(self, number: int, anchor: Anchor) -> None:
        """Take the next anchor of the tenant; that of a restoration makes those of later links void."""
        void = [seq for seq in self._anchors if anchor.restored and seq > anchor.seq]
        if void:
            self.verdict.lost.append(
                f"restored on {anchor.at:%Y-%m-%d %H:%M} UTC to link {anchor.seq}: "
                f"the traces of links {anchor.seq + 1} to {max(void)}, at least, are lost"
            )
        for seq in void:
            del self._anchors[seq]
        if void:
            self._removals = [one for one in self._removals if one[1].seq <= anchor.seq]
        if anchor.removal is not None:
            self._removals.append((number, anchor, anchor.removal))
        self._anchors[anchor.seq] = anchor

    def follow(self, link: Linked) -> None:
        """Verify one link against the one before it, the trace it is of, and the anchor that was made of it."""
        verdict = self.verdict
        verdict.links += 1
        is_old = self._kept is not None and self._kept.covers(link)
        if self._kept is not None and is_old:
            self._kept.follow(link)
        if link.seq != self._seq + 1:
            verdict.add(f"links {self._seq + 1} to {link.seq - 1} are missing")
        elif link.trace is None:
            if not is_old:
                verdict.add(f"link {link.seq}: its trace {link.row:x} is missing")
        elif link_hash(self._hash, self._tenant, link.trace) != link.hash:
            verdict.add(f"link {link.seq}: the trace {link.row:x} is not what was linked, or not in its place")
        anchor = self._anchors.get(link.seq)
        if anchor is not None:
            verdict.anchors += 1
            if anchor.hash == link.hash:
                verdict.anchored = link.seq
            else:
                verdict.add(f"link {link.seq} is not the one that was anchored on {anchor.at:%Y-%m-%d %H:%M} UTC")
        # From the link as it is: one that is wrong is told once, and not all that follow.
        self._seq, self._hash = link.seq, link.hash

    def end(self) -> Verdict:
        """Return the verdict, once the last link was followed."""
        last = max(self._anchors, default=0)
        if last > self._seq:
            at = self._anchors[last].at
            self.verdict.add(
                f"links {self._seq + 1} to {last} are missing: they were anchored on {at:%Y-%m-%d %H:%M} UTC"
            )
        if self._kept is not None:
            self._end_removal(self._kept)
        return self.verdict

    def _end_removal(self, kept: Kept) -> None:
        """Say where the chain begins, and whether what was to stay of the time before is there."""
        number, anchor, removal = self._removals[-1]
        month = f"{instant_of(removal.before):%Y-%m}"
        self.verdict.begins = (
            f"begins at anchor {number} of {anchor.at:%Y-%m-%d %H:%M} UTC, link {anchor.seq}: {kept.removed} traces "
            f"before {month} were removed, {kept.count} of versions kept"
        )
        if kept.digest() != removal.kept:
            self.verdict.add(f"the traces of versions before {month} are not those that were kept")
