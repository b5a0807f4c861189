"""How much the store takes at once; docs/limits.md lists these with those of the other floors."""

STRINGS_LIMIT = 10_000
"""Texts that a resource may be searched by: every piece of each is indexed for `:contains`."""
