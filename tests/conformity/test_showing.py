"""How bytes, times and sizes are shown to a French reader."""

from datetime import UTC, datetime

import pytest

from usager_server.conformity import showing
from usager_server.conformity.proof import State

NARROW = showing.NARROW


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0352, "35 ms"), (1.24, "1,2 s"), (15, "15 s"), (125.4, "2 min 5 s"), (0.9999, "1 s")]
)
def test_a_time_is_told_in_words(seconds, told):
    assert showing.duration(seconds).replace(NARROW, " ") == told


@pytest.mark.parametrize(
    ("count", "told"), [(1, "1 octet"), (999, "999 octets"), (12_345, "12,3 ko"), (2_000_000, "2 Mo")]
)
def test_a_size_is_told_in_words(count, told):
    assert showing.size(count).replace(NARROW, " ") == told


def test_a_moment_is_that_of_paris():
    told = showing.moment(datetime(2026, 7, 31, 22, 5, tzinfo=UTC)).replace(NARROW, " ")
    assert told == "1er août 2026 à 0 h 05"


def test_json_is_laid_out():
    shown = showing.body('{"name":"Zoé"}'.encode(), "application/fhir+json")
    assert (shown.text, shown.is_cut) == ('{\n  "name": "Zoé"\n}', False)


def test_long_values_and_long_bodies_are_cut():
    assert "… (5000 caractères)" in showing.body(b'{"data":"' + b"A" * 5000 + b'"}', "application/json").text
    assert showing.body(b'{"data":"' + b"A" * 5000 + b'"}', "application/json").is_cut
    assert showing.body(b"line\n" * 5000, "text/plain").is_cut


@pytest.mark.parametrize("content", [b"%PDF-1.7 ...", b"\xff\x00", b"a\x00b"])
def test_what_is_no_text_is_not_shown(content):
    shown = showing.body(content, "application/pdf")
    assert (shown.text, shown.is_cut) == ("", True)


def test_an_empty_body_is_not_cut():
    assert showing.body(b"", "") == showing.Body("", "0 octet", False)


def test_every_state_has_its_words():
    assert set(showing.WORDS) == set(showing.MEANINGS) == set(State)
