"""What is said of a status: in the codes of both releases, and to the person who reads it."""

from dataclasses import replace

import pytest

from tests.identity.people import ADRUN, NOW, OTHER, after, of_status, retrieved, typed_in
from usager_server.identity import events, words
from usager_server.identity.evidence import Attribute, evidence_of
from usager_server.identity.parts import with_extension
from usager_server.identity.status import Status, computed, stated_status, what_next

P, R, V, Q = Status.provisoire, Status.recuperee, Status.validee, Status.qualifiee


def saying(system: str, code: str) -> dict[str, object]:
    """Return a Patient that says a status."""
    said = {"url": "identityStatus", "valueCoding": {"system": system, "code": code}}
    return with_extension({}, words.RELIABILITY, {"extension": [said]})


@pytest.mark.parametrize(
    ("system", "code", "status"),
    [
        (words.STATUSES, "QUAL", Q),
        (words.STATUSES, "RECUP", R),
        (words.STATUSES, "VALI", V),
        (words.STATUSES_2_1, "VALI", V),
        (words.STATUSES_2_1, "PROV", P),
        (words.STATUSES, "NEW", P),
    ],
)
def test_a_status_from_elsewhere_is_read_in_the_codes_of_both_releases(system, code, status):
    assert stated_status(saying(system, code)) is status


def test_in_2_1_a_matricule_makes_a_validated_identity_qualified():
    ins = {"use": "official", "system": "urn:oid:1.2.250.1.213.1.4.8", "value": "275126322074974"}
    assert stated_status({**saying(words.STATUSES_2_1, "VALI"), "identifier": [ins]}) is Q


@pytest.mark.requirement("INS/va1.25")
@pytest.mark.parametrize(
    ("patient", "text"),
    [
        (of_status(P), "Interroger INSi"),
        (of_status(R), "Contrôler une pièce d'identité"),
        (of_status(V), "alors qualifiée"),
        (of_status(P, Attribute.douteuse), "lever le doute"),
        (of_status(P, Attribute.fictive), "ne peut pas être qualifiée"),
        (after(of_status(Q), events.VerificationFailed(NOW, retrieved(OTHER))), "d'autres traits"),
        (typed_in(replace(ADRUN, sex="I")), "le sexe (masculin ou féminin)"),
        (typed_in(replace(ADRUN, birth_place="99999")), "le lieu de naissance"),
    ],
)
def test_what_to_do_next_is_said(patient, text):
    assert text in what_next(patient)


@pytest.mark.parametrize("attribute", [Attribute.douteuse, Attribute.fictive])
def test_a_doubt_forces_provisional_whatever_the_identity_rests_on(attribute):
    evidence = evidence_of(of_status(Q))
    assert computed(evidence) is Q
    assert computed(replace(evidence, attributes=frozenset({attribute}))) is P


def test_nothing_is_left_to_do_for_a_qualified_identity():
    assert what_next(of_status(Q)) == ""
