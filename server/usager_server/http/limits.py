"""How much one request may bring, on the wire; docs/limits.md lists these with those of the other floors."""

ADDRESS_LIMIT_BYTES = 8 * 1024
HEADERS_LIMIT_BYTES = 32 * 1024

VALUES_LIMIT = 500_000
"""Values in a resource: each takes some microseconds of checking, during which nobody else is served."""

MARKS_LIMIT = 5_000_000
"""Commas or angle brackets in a body: what it would take in memory is known before it is parsed."""

HANDFUL = 50
HANDFULS_PER_MINUTE = 120
HANDFUL_SECONDS = 10.0
"""Requests that a process takes out of a shared bucket at once, or more where this many handfuls are less than what a
minute allows; and how long it may keep them."""

PURSES_KNOWN = 10_000
"""Buckets of callers and addresses of which a process remembers what it has taken."""

ORIGIN_LIMIT_BYTES = 300
ORIGINS_KNOWN = 1_000
ORIGINS_SECONDS = 60.0
"""Clients whose origins a process remembers, and for how long."""

PAUSE_SECONDS = 30.0
"""How long a client may send nothing in the middle of its body."""

SHORT_BODY_SECONDS = 30.0
"""How long the body of a form or call may take to come, whole, where people and clients prove who they are."""
