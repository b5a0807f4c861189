"""How much of a backup is read whole; docs/limits.md lists these with those of the other floors."""

SUMS_LIMIT_BYTES = 64 * 1024
"""Of its sums: a line a file."""

MANIFEST_LIMIT_BYTES = 16 * 1024 * 1024
"""Of its manifest: some hundred bytes a table, and an organisation."""

KEYS_LIMIT_BYTES = 64 * 1024
"""Of a file of keys."""
