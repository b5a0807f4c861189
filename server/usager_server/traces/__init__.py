"""Traces: what is recorded of each act, in which words, how it is chained and how it is shown; no SQL here."""
