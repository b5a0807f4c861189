"""Which scenarios are asked for."""

import pytest

from usager_server import Run, Scenario
from usager_server.conformity.choosing import choose
from usager_server.conformity.errors import ConformityError
from usager_server.plugins import activate, scenarios


async def nothing(run: Run) -> None:
    """Do nothing."""


PLACES = Scenario(("SC.INS.01", "SC.INS.02"), "Lieux de naissance", nothing)
VERSION = Scenario(("P-GEN-01",), "Version", nothing)
REPORT = Scenario(("MS.RPT/RAMA.01",), "RAMA", nothing)


def test_all_those_that_are_on_when_none_is_named():
    assert choose([PLACES, VERSION], [], [PLACES, VERSION, REPORT]) == [PLACES, VERSION]


def test_those_that_prove_one_of_the_requirements_named():
    assert choose([PLACES, VERSION], ["SC.INS.02", "P-GEN-01"], []) == [PLACES, VERSION]
    assert choose([PLACES, VERSION], ["P-GEN-01"], []) == [VERSION]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("SC.INS.1", "--only SC.INS.1 is not a requirement; did you mean SC.INS.1"),
        ("ZZZZZZ", "--only ZZZZZZ is not a requirement; usager requirements lists them"),
        ("SC.MSS/CONF.04", "no scenario proves it yet"),
        ("MS.RPT/RAMA.01", "it is proven with the profile pa; add it to --profiles"),
    ],
)
def test_what_cannot_be_proven_is_told(code, told):
    with pytest.raises(ConformityError, match=told):
        choose([PLACES, VERSION], [code], [PLACES, VERSION, REPORT])


@pytest.mark.parametrize(("profiles", "is_there"), [(["pa"], False), (["pa", "sans-certificat-ins"], True)])
def test_what_is_asked_of_another_profile_is_not_proven(profiles, is_there):
    every = [code for scenario in scenarios(activate(profiles)) for code in scenario.ids]
    assert ("SC.INS/PSC.50" in every) is is_there
    assert {"SC.INS.14", "P-GEN-01"} <= set(every)
