"""What is refused before it meets a resource."""

import pytest

from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.fhirpath import check


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Patient.birthDat", "Patient has no element birthDat"),
        ("name.where(uses = 'official')", "HumanName has no element uses"),
        ("Observation.value", "Patient is no Observation"),
        ("(deceased as Period).start", None),
        ("(deceased as Period).begin", "Period has no element begin"),
        ("deceasedBoolean", "no element deceasedBoolean"),
        ("name.given.first().foo", "string has no element foo"),
        ("children().first()", "no order"),
        ("managingOrganization.resolve().anything", None),
        ("contained.anything", None),
        ("extension('u').value.unit", None),
        ("(name | contact.name).family", None),
        ("contact.name.select(family).bar", "string has no element bar"),
    ],
)
def test_an_unknown_element_is_refused(definitions: Definitions, text: str, message: str | None) -> None:
    if message is None:
        check(text, definitions, "Patient")
        return
    with pytest.raises(Invalid, match=message):
        check(text, definitions, "Patient")


def test_the_official_invariants_name_what_exists(definitions: Definitions) -> None:
    wrong = set()
    for known in definitions.types.values():
        for invariant in known.invariants:
            try:
                check(invariant.expression, definitions, known.name)
            except Invalid:
                wrong.add(invariant.key)
    assert wrong == {"cid-0"}  # asks for ChargeItemDefinition.name, which R4 has not
