"""Invariants of R4: those of the common types as Python closures, the others through FHIRPath."""

from usager_server.validation.invariants.rules import Rules

__all__ = ["Rules"]
