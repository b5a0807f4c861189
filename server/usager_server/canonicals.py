"""The addresses that name what Usager itself defines: operations, search parameters, extensions, code systems."""

BASE = "https://usager.example/fhir"


def canonical(resource_type: str, name: str) -> str:
    """Return the canonical of one of our own definitions."""
    return f"{BASE}/{resource_type}/{name}"
