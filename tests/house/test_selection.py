"""Selecting tests by requirement."""

import pytest

from tests.selection import proves


@pytest.mark.parametrize("wanted", ["MS.CDM/VT", "MS.CDM/VT.01", "MS.CDM"])
def test_a_requirement_is_asked_for_by_its_beginning(wanted):
    assert proves([wanted], ["SC.INS.01", "MS.CDM/VT.01"])


@pytest.mark.parametrize("wanted", ["MS.CDM/V", "MS.CDM/VT.0", "CDM/VT", "MS.CDM/VT.011"])
def test_half_a_word_asks_for_nothing(wanted):
    assert not proves([wanted], ["MS.CDM/VT.01"])


def test_a_test_without_requirement_is_left_out():
    assert not proves(["SC"], [])
