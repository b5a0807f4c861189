"""Letters of names, and dates of which a part is unknown."""

import pytest

from usager_server.identity.birth_dates import completed
from usager_server.identity.lexical import (
    birth_name_problems,
    compared,
    given_name_problems,
    insi_text,
    is_consistent,
)

NAMES = "JEAN CHRISTOPHE PIERRE"


@pytest.mark.parametrize(
    ("typed", "asked"),
    [("Noël", "NOEL"), ("L’Hôpital", "L'HOPITAL"), ("Cœur-Lætitia", "COEUR-LAETITIA"), ("Weiß", "WEISS"), ("Ç", "C")],
)
def test_a_name_in_the_letters_of_insi(typed, asked):
    assert insi_text(typed) == asked


@pytest.mark.parametrize("name", ["D'ARTAGNAN DE L'HERAULT", "'T HOOFT", "A--B", "A B-", "NOËL"])
def test_birth_names_that_insi_reads(name):
    assert birth_name_problems(name) == []


@pytest.mark.parametrize("name", ["", " A", "-A", "A  B", "A''B", "A' B", "A 'B", "A1", "A_B", "A/B", "Ж", "A" * 101])
def test_birth_names_that_insi_refuses(name):
    assert birth_name_problems(name) != []


@pytest.mark.parametrize("name", ["A--B", "A-", "A'", "-A"])
def test_given_names_that_insi_refuses(name):
    assert given_name_problems(name) != []


@pytest.mark.requirement("INS/va1.18")
@pytest.mark.parametrize("first", ["JEAN", "JEAN CHRISTOPHE", "Jean-Christophe", "JEAN-CHRISTOPHE-PIERRE"])
def test_a_first_given_name_begins_the_list(first):
    assert is_consistent(first, NAMES)


@pytest.mark.parametrize("first", ["CHRISTOPHE", "PIERRE", "JEA", "JEAN PIERRE", "", "JEAN CHRISTOPHE PIERRE PAUL"])
def test_what_does_not_begin_the_list(first):
    assert not is_consistent(first, NAMES)


def test_names_are_compared_without_hyphens_accents_and_case():
    assert compared("D’Artagnan-de l'Hérault") == compared("D'ARTAGNAN DE L HERAULT")


@pytest.mark.requirement("INS/va1.21")
@pytest.mark.parametrize(
    ("text", "whole", "estimated"),
    [
        ("1950-07-14", "1950-07-14", False),
        ("1950-07", "1950-07-01", True),
        ("1950-07-00", "1950-07-01", True),
        ("1950-00-14", "1950-01-14", True),
        ("1950-20-14", "1950-01-14", True),
        ("1950-00-00", "1950-12-31", True),
        ("1950", "1950-12-31", True),
        ("0000-00-00", "1900-12-31", True),
    ],
)
def test_an_incomplete_date_is_completed(text, whole, estimated):
    assert completed(text) == (whole, estimated)


@pytest.mark.parametrize("text", ["", "14/07/1950", "50", "1950-7-14", "1950-02-30"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError):
        completed(text)
