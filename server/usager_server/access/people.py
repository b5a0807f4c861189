"""The persons whose records a professional may open: by the structures they work in, and by the care teams they are in.

A person belongs to a structure by Patient.managingOrganization, or by an EpisodeOfCare that it manages. A professional
is in the équipe de soins of a person by an active CareTeam that names them. In an emergency they open a record
themselves, for a while, with a reason (`operations/break_glass.py`).
"""

from usager_server.access.grant import Grant
from usager_server.search.conditions import parse_condition
from usager_server.search.hashing import parameter_hash, reference_hash
from usager_server.search.lookups import NOTHING, AllOf, AnyOf, Lookup, Opened, Pointed, References
from usager_server.search.meaning import Meaning


def within_rights(meaning: Meaning, grant: Grant) -> Lookup | None:
    """Return the Patients that the rights of a person open, None when they open all of the tenant."""
    if grant.structures is None:
        return None
    structures = [f"Organization/{one}" for one in sorted(grant.structures)]
    ways: list[Lookup] = []
    if structures:
        ways.append(_pointing(meaning, "Patient", "organization", structures))
        ways.append(_followed_by(meaning, structures))
    if grant.practitioner is not None:
        ways.append(_in_the_team_of(meaning, grant.practitioner))
        ways.append(Opened(meaning.registry.definitions.type_numbers["Patient"], grant.practitioner))
    return AnyOf(tuple(ways)) if ways else NOTHING


def _followed_by(meaning: Meaning, structures: list[str]) -> Lookup:
    """Return the Patients with an EpisodeOfCare that one of these structures manages; a closed one opens too."""
    managed = _pointing(meaning, "EpisodeOfCare", "organization", structures)
    right = parse_condition(meaning.registry, ("EpisodeOfCare",), "status:not", "entered-in-error")
    return _of_patients(meaning, "EpisodeOfCare", AllOf((managed, meaning.lookup(right, ("EpisodeOfCare",)))))


def _in_the_team_of(meaning: Meaning, practitioner: str) -> Lookup:
    named = _pointing(meaning, "CareTeam", "participant", [practitioner])
    active = parse_condition(meaning.registry, ("CareTeam",), "status", "active")
    return _of_patients(meaning, "CareTeam", AllOf((named, meaning.lookup(active, ("CareTeam",)))))


def _pointing(meaning: Meaning, resource_type: str, parameter: str, targets: list[str]) -> References:
    number = meaning.registry.definitions.type_numbers[resource_type]
    hashed = parameter_hash(resource_type, parameter)
    return References(tuple((number, hashed, reference_hash(meaning.tenant, target)) for target in targets))


def _of_patients(meaning: Meaning, source: str, inner: Lookup) -> Lookup:
    numbers = meaning.registry.definitions.type_numbers
    return Pointed(
        (numbers["Patient"],), numbers[source], tuple(meaning.reference_parameters(source, "patient")), inner
    )
