"""What is found wrong in a chain of traces."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from usager_server.traces.anchors import Anchor
from usager_server.traces.chain import first_hash, link_hash
from usager_server.traces.record import Trace

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
            sentence each: nothing wrong, but nothing to pass over.
    """

    tenant: int
    links: int = 0
    anchors: int = 0
    wrong: int = 0
    findings: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def add(self, finding: str) -> None:
        """Note something that is wrong."""
        self.wrong += 1
        if len(self.findings) < MOST_TOLD:
            self.findings.append(finding)


class Chain:
    """A chain being verified, link after link, in the order of their numbers."""

    def __init__(self, tenant: int, anchors: Sequence[Anchor]) -> None:
        self.verdict = Verdict(tenant)
        self._tenant = tenant
        self._anchors: dict[int, Anchor] = {}
        for anchor in anchors:
            if anchor.tenant == tenant:
                self._take(anchor)
        self._seq, self._hash = 0, first_hash(tenant)

    def _take(self, anchor: Anchor) -> None:
        """Take the next anchor of the tenant; that of a restoration makes those of later links void."""
        void = [seq for seq in self._anchors if anchor.restored and seq > anchor.seq]
        if void:
            self.verdict.lost.append(
                f"restored on {anchor.at:%Y-%m-%d %H:%M} UTC to link {anchor.seq}: "
                f"the traces of links {anchor.seq + 1} to {max(void)}, at least, are lost"
            )
        for seq in void:
            del self._anchors[seq]
        self._anchors[anchor.seq] = anchor

    def follow(self, link: Linked) -> None:
        """Verify one link against the one before it, the trace it is of, and the anchor that was made of it."""
        verdict = self.verdict
        verdict.links += 1
        if link.seq != self._seq + 1:
            verdict.add(f"links {self._seq + 1} to {link.seq - 1} are missing")
        elif link.trace is None:
            verdict.add(f"link {link.seq}: its trace {link.row:x} is missing")
        elif link_hash(self._hash, self._tenant, link.trace) != link.hash:
            verdict.add(f"link {link.seq}: the trace {link.row:x} is not what was linked, or not in its place")
        anchor = self._anchors.get(link.seq)
        if anchor is not None:
            verdict.anchors += 1
            if anchor.hash != link.hash:
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
        return self.verdict
