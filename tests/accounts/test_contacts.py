"""Contact details: verified by a code when created and when changed."""

from dataclasses import replace

import pytest

from tests.accounts.conftest import SOMEONE, stored_account
from usager_server.accounts.journal import What
from usager_server.errors import Conflict, Invalid, Throttled, Unavailable, Unprocessable

pytestmark = [pytest.mark.requirement("SC.SSI/IE.56"), pytest.mark.requirement("SC.SSI/IE.57")]

NEW, OLD = "jeanne@example.org", "ancienne@example.org"


@pytest.fixture
async def account(runners):
    return await stored_account(runners)


async def verified(contacts, letters, account, kind, value):
    """Give a contact detail and the code that was sent there."""
    await contacts.change(account, kind, value, SOMEONE)
    await contacts.verify(account, kind, letters.code(), SOMEONE)


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("email", NEW, NEW),
        ("telephone", "06 12 34 56 78", "+33612345678"),
        ("telephone", "+32470123456", "+32470123456"),
    ],
)
async def test_a_value_is_in_force_once_its_code_came_back(contacts, letters, account, journal, kind, given, kept):
    await contacts.change(account, kind, given, SOMEONE)
    found = (await contacts.of_account(account))[kind]
    assert (found.value, found.pending) == (None, kept)
    assert letters.sent[-1][:2] == (kind, kept)
    await contacts.verify(account, kind, letters.code(), SOMEONE)
    found = (await contacts.of_account(account))[kind]
    assert (found.value, found.pending) == (kept, None)
    assert journal.whats() == [What.CONTACT_PENDING, What.CONTACT_VERIFIED]


async def test_the_old_value_stays_in_force_and_gets_a_notice(contacts, letters, account):
    await verified(contacts, letters, account, "email", OLD)
    await contacts.change(account, "email", NEW, SOMEONE)
    assert (await contacts.of_account(account))["email"].value == OLD
    notice, code = letters.sent[-2:]
    assert (notice[1], code[1]) == (OLD, NEW)
    assert NEW not in notice[2]
    assert not [it for it in notice[2].split() if it.isdigit()]


async def test_a_code_is_used_once_and_only_for_its_value(contacts, letters, account):
    await contacts.change(account, "email", OLD, SOMEONE)
    first = letters.code()
    await contacts.change(account, "email", NEW, SOMEONE)
    if first != letters.code():
        with pytest.raises(Invalid):
            await contacts.verify(account, "email", first, SOMEONE)
    await contacts.verify(account, "email", letters.code(), SOMEONE)
    with pytest.raises(Invalid):
        await contacts.verify(account, "email", letters.code(), SOMEONE)


async def test_a_code_is_too_old_after_ten_minutes(contacts, letters, account, clock):
    await contacts.change(account, "email", NEW, SOMEONE)
    clock.move(minutes=10)
    with pytest.raises(Invalid):
        await contacts.verify(account, "email", letters.code(), SOMEONE)


async def test_five_wrong_codes_make_the_right_one_worthless(contacts, letters, account, journal):
    await contacts.change(account, "email", NEW, SOMEONE)
    wrong = f"{(int(letters.code()) + 1) % 10**6:06d}"
    for _ in range(5):
        with pytest.raises(Invalid):
            await contacts.verify(account, "email", wrong, SOMEONE)
    with pytest.raises(Invalid):
        await contacts.verify(account, "email", letters.code(), SOMEONE)
    assert journal.last.what is What.CONTACT_REFUSED


async def test_three_codes_an_hour_are_sent(contacts, letters, account, clock):
    for _ in range(3):
        await contacts.change(account, "email", NEW, SOMEONE)
        clock.move(minutes=10)
    with pytest.raises(Throttled) as refused:
        await contacts.change(account, "email", NEW, SOMEONE)
    assert int(refused.value.headers["Retry-After"]) == 1801
    assert len(letters.sent) == 3
    clock.move(minutes=31)
    await contacts.change(account, "email", NEW, SOMEONE)


async def test_what_is_in_force_already_is_not_asked_again(contacts, letters, account):
    await verified(contacts, letters, account, "email", NEW)
    with pytest.raises(Conflict):
        await contacts.change(account, "email", NEW, SOMEONE)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("email", "jeanne"),
        ("email", "jeanne@"),
        ("email", "jeanne@localhost"),
        ("email", "a@b.fr\nBcc: x@y.fr"),
        ("email", f"{'a' * 250}@b.fr"),
        ("telephone", "12"),
        ("telephone", "0012"),
        ("telephone", "+33 6 12 34 56 78 90 12 34"),
    ],
)
async def test_what_is_no_address_or_number_is_refused(contacts, letters, account, kind, value):
    with pytest.raises(Unprocessable):
        await contacts.change(account, kind, value, SOMEONE)
    assert letters.sent == []


async def test_the_code_is_not_stored(contacts, letters, account):
    await contacts.change(account, "email", NEW, SOMEONE)
    assert letters.code() not in repr(await contacts.of_account(account))


class NoLetters:
    """Sends nothing."""

    async def send(self, kind: str, to: str, subject: str, text: str) -> None:
        """Refuse."""
        raise Unavailable("down")


async def test_what_was_done_to_an_account_is_told_where_it_was_verified(contacts, letters, account):
    await verified(contacts, letters, account, "email", OLD)
    await contacts.change(account, "telephone", "06 12 34 56 78", SOMEONE)
    before = len(letters.sent)
    await contacts.notify(account, "Le mot de passe a été remplacé.")
    [told] = letters.sent[before:]
    assert told[:2] == ("email", OLD) and "prévenez l'administrateur" in told[2]


async def test_a_notice_that_does_not_leave_stops_nothing(contacts, letters, account, capsys):
    await verified(contacts, letters, account, "email", OLD)
    await replace(contacts, messaging=NoLetters()).notify(account, "Le mot de passe a été remplacé.")
    logged = capsys.readouterr().out
    assert "did not leave" in logged and OLD not in logged
