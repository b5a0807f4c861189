"""The archive of old traces: a line of JSON for each link with its trace, which proves the chain by itself."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

import orjson

from usager_server.traces.provenance import is_of_version
from usager_server.traces.verifying import Linked

if TYPE_CHECKING:
    from hashlib import _Hash as HASH


@dataclass(slots=True)
class Shipment:
    """What goes from the chain of a tenant into an archive, link after link.

    Shape   from `since` on what was not archived yet, before `before` what is old: row numbers. seq and hash are those
            of the last old link; kept sums up the links of old traces that stay (`verifying.Kept`).
    """

    since: int
    before: int
    count: int = 0
    seq: int = 0
    hash: bytes = b""
    _kept: "HASH" = field(default_factory=sha256)

    def lines(self, links: Sequence[Linked]) -> Iterator[bytes]:
        """Yield the lines of those among the next links that are to be archived."""
        for link in links:
            if link.row >= self.before:
                continue
            self.seq, self.hash = link.seq, link.hash
            if link.trace is not None and is_of_version(link.trace):
                self._kept.update(link.hash)
            if link.trace is not None and link.row >= self.since:
                self.count += 1
                yield archived(link)

    def kept(self) -> bytes:
        """Return the digest of the traces that stay."""
        return self._kept.digest()


def archived(link: Linked) -> bytes:
    """Return a link as a line: its number and hash, the instant, then each column of the trace (`record.Trace`)."""
    trace = link.trace
    if trace is None:
        raise ValueError(f"link {link.seq} has no trace")
    told = {"link": link.seq, "hash": link.hash.hex(), "recorded": trace.recorded, **asdict(trace)}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)
