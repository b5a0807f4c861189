"""Wires the profile général: a plugin like the others, always on."""

from collections.abc import Sequence

from usager_server import Profile, hookimpl

KEY = "general"


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return général and the two technical profiles."""
    return [
        Profile(KEY, "Général", "Every FHIR R4 interaction, search and operation of this server."),
        Profile("sans-certificat-ins", "Sans certificat INS", "Nothing yet: the INSi service comes later."),
        Profile("esclave-identite", "Esclave de l'identité", "Nothing yet: the INSi service comes later."),
    ]
