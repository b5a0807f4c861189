"""The chain of a tenant's traces: each link covers the one before and a trace; nothing in between can change."""

from hashlib import sha256

import orjson

from usager_server.traces.record import Trace

FORM = 1
"""The way a trace is written to be hashed; another one would get another number, and old links keep theirs."""


def first_hash(tenant: int) -> bytes:
    """Return what the first link of a tenant comes after."""
    return sha256(f"usager traces of tenant {tenant}".encode()).digest()


def link_hash(before: bytes, tenant: int, trace: Trace) -> bytes:
    """Return sha256(the hash before ‖ the trace as text). Shape: 32 bytes.

    Shape   the text is a JSON list: the number of this form, the tenant, then the columns of the trace in the order of
            `Trace`, the body as the text it is; no blanks, UTF-8.
    """
    columns = [
        FORM,
        tenant,
        trace.row,
        trace.version,
        trace.outcome,
        trace.kind,
        trace.subject,
        trace.type,
        trace.id,
        trace.patient,
        trace.body,
    ]
    return sha256(before + orjson.dumps(columns)).digest()
