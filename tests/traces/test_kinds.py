"""The kinds of acts: their codes are those that FHIR has for an AuditEvent."""

import pytest

from usager_server.definitions import Definitions
from usager_server.traces.kinds import KINDS, Kind

TYPES = "http://hl7.org/fhir/ValueSet/audit-event-type"
SUBTYPES = "http://hl7.org/fhir/ValueSet/audit-event-sub-type"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_codes_of_a_kind_are_those_of_fhir(kind: Kind, definitions: Definitions) -> None:
    types, subtypes = definitions.value_sets[TYPES], definitions.value_sets[SUBTYPES]
    assert kind.code in types[kind.system]
    assert not kind.subsystem or kind.subcode in subtypes[kind.subsystem]
    assert kind.action in "CRUDE"


def test_every_kind_has_a_name_of_its_own() -> None:
    assert all(name == kind.name for name, kind in KINDS.items())
