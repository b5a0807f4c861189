"""Sessions: their ends, their secrets, their number."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.accounts.conftest import BEGINNING, SOMEONE, opened, stored_account
from usager_server.accounts import accounts_store
from usager_server.accounts.account import State
from usager_server.accounts.journal import What
from usager_server.accounts.session import COOKIE, Exercise, Key, key_in, parse_key
from usager_server.accounts.sessions import Proof, Sessions
from usager_server.errors import Conflict


@pytest.fixture
async def account(runners):
    return await stored_account(runners, structures=("ehpad-1",))


async def test_a_session_says_who_where_and_how(sessions, runners, account):
    key, _ = await opened(sessions, runners, account)
    found = await sessions.of_request({b"cookie": f"a=b; {COOKIE}={key.cookie}".encode()})
    assert (found.account, found.means, found.acr) == (account, "psc", "eidas1")
    assert (found.practitioner, found.roles, found.structures) == ("Practitioner/jeanne", ("infirmier",), ("ehpad-1",))
    assert found.expires == BEGINNING + timedelta(hours=4)


async def test_the_secret_of_a_session_is_not_stored(sessions, runners, account, connections):
    key, _ = await opened(sessions, runners, account)
    async with connections.borrowed() as connection:
        await connection.execute("BEGIN; SELECT set_config('app.tenant', '1', true)")
        row = await connection.fetchrow("SELECT * FROM session")
        await connection.execute("COMMIT")
    assert row["digest"] == key.digest
    assert not [value for value in row.values() if key.secret in str(value)]


@pytest.mark.requirement("SC.SSI/IE.58")
async def test_a_session_ends_when_nothing_happens_for_thirty_minutes(sessions, runners, account, clock, journal):
    key, _ = await opened(sessions, runners, account)
    clock.move(minutes=29)
    assert await sessions.of_key(key) is not None
    clock.move(minutes=29)
    assert await sessions.of_key(key) is not None
    clock.move(minutes=30)
    assert await sessions.of_key(key) is None
    assert (journal.last.what, journal.last.because) == (What.SESSION_ENDED, "ran out")


async def test_a_session_ends_after_four_hours_whatever_happens(sessions, runners, account, clock):
    key, _ = await opened(sessions, runners, account)
    for _ in range(15):
        clock.move(minutes=15)
        assert await sessions.of_key(key) is not None
    clock.move(minutes=15)
    assert await sessions.of_key(key) is None


async def test_a_session_does_not_outlive_that_of_the_identity_provider(sessions, runners, account, clock):
    key, session = await opened(sessions, runners, account, proof=Proof("psc", until=BEGINNING + timedelta(minutes=20)))
    assert session.expires == BEGINNING + timedelta(minutes=20)
    clock.move(minutes=20)
    assert await sessions.of_key(key) is None


async def test_asking_after_a_session_does_not_keep_it_alive(sessions, runners, account, clock):
    _, session = await opened(sessions, runners, account)
    clock.move(minutes=29)
    assert await sessions.of_sid(1, session.sid, used=False) is not None
    clock.move(minutes=2)
    assert await sessions.of_sid(1, session.sid, used=False) is None


@pytest.mark.parametrize(("asked", "given"), [(60, 60), (7200, 1800), (0, 1), (None, 1800)])
async def test_a_shared_station_may_ask_for_a_shorter_idle_time(sessions, runners, account, asked, given):
    _, session = await opened(sessions, runners, account, idle_seconds=asked)
    assert session.idle_seconds == given


async def test_no_setting_makes_the_idle_time_longer_than_two_hours(runners, journal, account):
    lax = Sessions(runners, journal, idle_seconds=86_400, longest_seconds=86_400)
    _, session = await opened(lax, runners, account)
    assert (session.idle_seconds, session.expires - session.created) == (7200, timedelta(hours=4))


@pytest.mark.requirement("SC.SSI/IE.38")
async def test_a_session_that_was_ended_is_over_for_whoever_kept_its_cookie(sessions, runners, account, journal):
    key, session = await opened(sessions, runners, account)
    assert await sessions.end(session, SOMEONE)
    assert await sessions.of_key(key) is None
    assert await sessions.of_sid(1, session.sid) is None
    assert not await sessions.end(session, SOMEONE)
    assert journal.whats() == [What.SIGNED_IN, What.SESSION_ENDED]


async def test_all_sessions_end_but_the_one_that_asks(sessions, runners, account):
    keys = [await opened(sessions, runners, account) for _ in range(3)]
    assert await sessions.end_all(1, account.id, SOMEONE, "everywhere", but=keys[0][1].sid) == 2
    assert [it.sid for it in await sessions.of_account(1, account.id)] == [keys[0][1].sid]


async def test_the_sixth_session_ends_the_oldest(sessions, runners, account, clock):
    made = []
    for _ in range(6):
        made.append(await opened(sessions, runners, account))
        clock.move(seconds=1)
    assert await sessions.of_key(made[0][0]) is None
    assert len(await sessions.of_account(1, account.id)) == 5


async def test_a_suspended_account_has_no_session_from_that_moment(sessions, runners, account):
    key, _ = await opened(sessions, runners, account)
    async with runners(1).transaction() as runner:
        await accounts_store.change(runner, account.id, {"state": State.SUSPENDED})
    assert await sessions.of_key(key) is None


async def test_a_lock_does_not_throw_out_who_is_at_work(sessions, runners, account):
    key, _ = await opened(sessions, runners, account)
    async with runners(1).transaction() as runner:
        await accounts_store.change(runner, account.id, {"locked": True})
    assert await sessions.of_key(key) is not None


async def test_a_new_proof_changes_the_secret_and_not_the_session(sessions, runners, account, clock):
    key, session = await opened(sessions, runners, account)
    clock.move(minutes=16)
    assert not (await sessions.of_key(key)).is_fresh(clock())
    renewed = await sessions.renew(session, Proof("password+totp"), SOMEONE)
    found = await sessions.of_key(renewed)
    assert await sessions.of_key(key) is None
    assert (found.sid, found.means, found.is_fresh(clock())) == (session.sid, "password+totp", True)


async def test_a_session_that_is_over_cannot_be_renewed(sessions, runners, account):
    _, session = await opened(sessions, runners, account)
    await sessions.end(session, SOMEONE)
    with pytest.raises(Conflict):
        await sessions.renew(session, Proof("password"), SOMEONE)


async def test_the_exercise_situation_is_kept_with_the_session(sessions, runners, account):
    key, session = await opened(sessions, runners, account)
    await sessions.choose(session, Exercise("60C", 1, "SA07", "F640780417", "EHPAD Les Tilleuls"))
    assert (await sessions.of_key(key)).exercise == Exercise("60C", 1, "SA07", "F640780417", "EHPAD Les Tilleuls")


@pytest.mark.parametrize(("by_sid", "ended"), [("idp-1", 1), (None, 2)])
async def test_the_identity_provider_ends_its_sessions_by_sid_or_by_subject(sessions, runners, account, by_sid, ended):
    for sid in ("idp-1", "idp-2"):
        await opened(sessions, runners, account, proof=Proof("psc", provider="https://idp", sid=sid, subject="f:1"))
    async with runners(1).transaction() as runner:
        assert len(await sessions.end_of_provider(runner, "https://idp", by_sid, "f:1", "signed out there")) == ended
        assert await sessions.end_of_provider(runner, "https://other", by_sid, "f:1", "signed out there") == []


async def test_sessions_that_ran_out_unnoticed_are_ended_with_a_trace(sessions, runners, account, clock, journal):
    await opened(sessions, runners, account)
    clock.move(minutes=31)
    assert await sessions.end_overdue(1) == 1
    assert await sessions.end_overdue(1) == 0
    assert journal.last.because == "ran out"


async def test_the_cookie_of_one_tenant_opens_nothing_in_another(sessions, runners, account):
    key, _ = await opened(sessions, runners, account)
    assert await sessions.of_key(replace(key, tenant=2)) is None


async def test_a_session_in_use_is_written_seldom(sessions, runners, account, clock):
    key, _ = await opened(sessions, runners, account)
    clock.move(seconds=10)
    assert (await sessions.of_key(key)).last_seen == BEGINNING
    clock.move(seconds=20)
    assert (await sessions.of_key(key)).last_seen == clock()


@pytest.mark.parametrize(
    "cookie", ["", "1.", f"0.{'a' * 43}", f"1.{'a' * 42}", f"1.{'a' * 44}", f"9999999999.{'a' * 43}", f"1.{'é' * 43}"]
)
def test_what_is_no_key_of_ours_is_nobody(cookie):
    assert parse_key(cookie) is None
    assert key_in({b"cookie": f"{COOKIE}={cookie}".encode()}) is None


def test_the_proof_against_forged_forms_is_not_the_secret():
    key = Key(1, "s" * 43)
    assert key.csrf != key.secret
    assert key.csrf != Key(1, "t" * 43).csrf
