"""Structured bodies both ways: the sections and entries of an N3 document <-> a Composition and its resources."""
