"""Codes of an authenticator application."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from usager_server.accounts.totp import accepted_step, address, code_at, new_secret, shown

SECRET = b"12345678901234567890"  # of RFC 6238, appendix B


@pytest.mark.parametrize(("seconds", "code"), [(59, "287082"), (1111111109, "081804"), (20000000000, "353130")])
def test_codes_are_those_of_the_standard(seconds, code):
    assert code_at(SECRET, seconds // 30) == code


@pytest.mark.parametrize(
    ("seconds", "accepted"),
    [(-30, False), (-1, False), (0, True), (29, True), (30, True), (44, True), (45, False), (59, False), (60, False)],
)
def test_a_code_is_good_for_its_thirty_seconds_and_fifteen_to_type_it(seconds, accepted):
    code = code_at(SECRET, 60_000_000)
    now = datetime.fromtimestamp(1_800_000_000 + seconds, UTC)
    assert accepted_step(SECRET, code, now, after=-1) == (60_000_000 if accepted else None)


def test_a_code_that_was_used_is_not_good_while_it_is_typed_late():
    late = datetime.fromtimestamp(1_800_000_000 + 31, UTC)
    before, following = code_at(SECRET, 60_000_000), code_at(SECRET, 60_000_001)
    assert accepted_step(SECRET, before, late, after=60_000_000) is None
    assert accepted_step(SECRET, following, late, after=60_000_000) == 60_000_001
    assert accepted_step(SECRET, before, late, after=60_000_001) is None


def test_a_code_is_used_once():
    now = datetime.fromtimestamp(1_800_000_000, UTC)
    code = code_at(SECRET, 60_000_000)
    used = accepted_step(SECRET, code, now, after=-1)
    assert used == 60_000_000
    assert accepted_step(SECRET, code, now, after=used) is None


@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "１２３４５６"])
def test_what_is_no_code_is_wrong(code):
    assert accepted_step(SECRET, code, datetime.now(UTC), after=-1) is None


def test_an_application_reads_the_address():
    secret = new_secret()
    found = urlsplit(address(secret, "jeanne", "Usager"))
    assert (found.scheme, found.netloc, found.path) == ("otpauth", "totp", "/Usager:jeanne")
    assert parse_qs(found.query)["secret"] == [shown(secret)]
