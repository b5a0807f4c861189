"""Wires the profile général: a plugin like the others, always on."""

from collections.abc import Sequence

from usager_server import Profile, Requirement, hookimpl, ledger

KEY = "general"


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return général and the two technical profiles."""
    return [
        Profile(KEY, "Général"),
        Profile("sans-certificat-ins", "Sans certificat INS"),
        Profile("esclave-identite", "Esclave de l'identité"),
    ]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger("usager_server.general")
