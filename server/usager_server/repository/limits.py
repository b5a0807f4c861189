"""How much the store takes at once; docs/limits.md lists these with those of the other floors."""

STRINGS_LIMIT = 10_000
"""Texts that a resource may be searched by: every piece of each is indexed for `:contains`."""

REPORT_SECONDS = 60
"""How long a statement of an indicator may take: it looks at everybody, and nobody waits for it at a bedside."""
