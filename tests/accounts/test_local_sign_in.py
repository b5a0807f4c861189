"""Signing in with a password and a code: what opens a session, what does not, and what nobody learns."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from tests.accounts.conftest import SOMEONE, stored_account, waits_for_a_row
from usager_server.accounts import accounts_store
from usager_server.accounts.account import Kind, State
from usager_server.accounts.journal import What
from usager_server.accounts.local_sign_in import SLOW, WRONG, WRONG_CODE
from usager_server.accounts.totp import code_at
from usager_server.errors import Invalid, LoginRequired, Throttled, Unprocessable

pytestmark = pytest.mark.requirement("SC.SSI/IAM.92")

PASSWORD, OTHER = "Xk7#pQ9!zLw2mV4&", "Rt5?yU8;kJn3bW6%"


@pytest.fixture
async def administrator(runners, passwords):
    account = await stored_account(
        runners, kind=Kind.PRIVILEGED, username="admin.sys", practitioner=None, roles=(), state=State.PENDING
    )
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, account, SOMEONE)
    await passwords.reset(1, link, PASSWORD, SOMEONE)
    return account


async def enrolled(local, clock, username="admin.sys", password=PASSWORD):
    """Sign in for the first time; return the secret of the application and the session."""
    following = await local.first(1, username, password, SOMEONE)
    assert following.step == "enrol"
    code = code_at(following.secret, int(clock().timestamp()) // 30)
    return following.secret, await local.second(1, following.ticket, code, SOMEONE, "browser")


def code_now(secret, clock):
    """Return the code that the application shows."""
    return code_at(secret, int(clock().timestamp()) // 30)


async def test_the_first_sign_in_enrols_an_application_and_the_next_ones_ask_for_its_code(local, clock, administrator):
    secret, (_, session) = await enrolled(local, clock)
    assert (session.account.id, session.means) == (administrator.id, "password+totp")
    clock.move(seconds=30)
    following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    assert (following.step, following.secret) == ("code", None)
    _, session = await local.second(1, following.ticket, code_now(secret, clock), SOMEONE, None)
    assert session.account.failures == 0


async def test_no_session_is_opened_by_a_password_alone(local, sessions, administrator):
    await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    assert await sessions.of_account(1, administrator.id) == []


async def test_a_code_that_was_seen_opens_nothing(local, clock, administrator):
    secret, _ = await enrolled(local, clock)
    following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    with pytest.raises(LoginRequired, match=WRONG_CODE):
        await local.second(1, following.ticket, code_now(secret, clock), SOMEONE, None)


async def test_a_step_is_taken_once(local, clock, administrator):
    secret, _ = await enrolled(local, clock)
    clock.move(seconds=60)
    following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    await local.second(1, following.ticket, code_now(secret, clock), SOMEONE, None)
    clock.move(seconds=60)
    with pytest.raises(Invalid):
        await local.second(1, following.ticket, code_now(secret, clock), SOMEONE, None)


async def test_no_step_is_skipped(local, clock, administrator):
    secret, _ = await enrolled(local, clock)
    clock.move(days=90)
    following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    assert following.step == "password"
    with pytest.raises(Invalid):
        await local.second(1, following.ticket, code_now(secret, clock), SOMEONE, None)
    _, following = await local.new_password(1, following.ticket, OTHER, SOMEONE)
    assert following.step == "code"
    with pytest.raises(Invalid):
        await local.new_password(1, following.ticket, "Another-good-one-77!", SOMEONE)


async def test_a_sign_in_is_traced_whatever_comes_of_it(local, clock, administrator, journal):
    secret, _ = await enrolled(local, clock)
    journal.events.clear()
    clock.move(seconds=60)
    with pytest.raises(LoginRequired):
        await local.first(1, "admin.sys", OTHER, SOMEONE)
    for code in ("000000", code_now(secret, clock)):
        following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
        with suppress(LoginRequired):
            await local.second(1, following.ticket, code, SOMEONE, None)
    told = [(event.what, event.success) for event in journal.events]
    assert told == [(What.SIGN_IN_REFUSED, False), (What.SIGN_IN_REFUSED, False), (What.SIGNED_IN, True)]


@pytest.mark.parametrize("name", ["admin.sys", "nobody.here"])
async def test_a_wrong_name_and_a_wrong_password_are_told_in_the_same_words(local, clock, administrator, journal, name):
    told = []
    for _ in range(6):
        try:
            await local.first(1, name, "Wrong-password-1", SOMEONE)
        except (LoginRequired, Throttled) as refusal:
            told.append((str(refusal), refusal.status))
        clock.move(seconds=0.5)
    assert told[:3] == [(WRONG, 401)] * 3
    assert told[3:] == [(SLOW, 429), (WRONG, 401), (SLOW, 429)]
    assert journal.last.what is What.SIGN_IN_REFUSED


async def test_a_name_that_is_locked_for_good_is_told_like_one_that_nobody_has(local, clock, administrator):
    told = {"admin.sys": [], "nobody.here": []}
    for _ in range(30):
        for name, refusals in told.items():
            with pytest.raises((LoginRequired, Throttled)) as refused:
                await local.first(1, name, "Wrong-password-1", SOMEONE)
            refusals.append((str(refused.value), refused.value.headers.get("Retry-After")))
        clock.move(seconds=40)
    assert told["admin.sys"] == told["nobody.here"]
    assert {seconds for _, seconds in told["admin.sys"]} > {None, "22"}


async def test_five_wrong_passwords_lock_an_administrator_until_another_one_unlocks(
    local, clock, administrator, administration, journal
):
    for _ in range(5):
        with pytest.raises(LoginRequired):
            await local.first(1, "admin.sys", "Wrong-password-1", SOMEONE)
        clock.move(minutes=2)
    assert What.LOCKED in journal.whats()
    clock.move(days=30)
    for _ in range(7):  # wrong ones change nothing about it, nor does the right one
        with pytest.raises(LoginRequired):
            await local.first(1, "admin.sys", PASSWORD, SOMEONE)
        clock.move(minutes=16)
    await administration.unlock(1, administrator.id, "called back and recognised", SOMEONE)
    assert (await local.first(1, "admin.sys", PASSWORD, SOMEONE)).step == "enrol"


@pytest.mark.usefixtures("strong_hashes")  # while one is computed, the others come
@pytest.mark.parametrize("name", ["admin.sys", "nobody.here"])
async def test_a_hundred_tries_at_once_are_not_one(local, administrator, name):
    tried = await asyncio.gather(
        *(local.first(1, name, f"Wrong-password-{n}", SOMEONE) for n in range(20)), return_exceptions=True
    )
    assert sum(isinstance(it, LoginRequired) for it in tried) == 3
    assert sum(isinstance(it, Throttled) for it in tried) == 17


async def test_wrong_codes_count_too_and_a_right_password_does_not_clear_them(local, clock, administrator):
    await enrolled(local, clock)
    for _ in range(5):
        clock.move(minutes=2)
        following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
        with pytest.raises(LoginRequired):
            await local.second(1, following.ticket, "000000", SOMEONE, None)
    clock.move(minutes=2)
    with pytest.raises(LoginRequired):
        await local.first(1, "admin.sys", PASSWORD, SOMEONE)


async def test_a_right_password_takes_back_its_own_try_and_not_the_codes_that_are_guessed_meanwhile(
    local, clock, runners, administrator
):
    await enrolled(local, clock)
    following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    again = asyncio.create_task(local.first(1, "admin.sys", PASSWORD, SOMEONE))
    while not again.done() and (await accounts_store.by_id(runners(1), administrator.id)).failures == 0:
        pass  # until its try is counted: then its password is hashed
    with pytest.raises(LoginRequired):
        await local.second(1, following.ticket, "000000", SOMEONE, None)
    await again
    assert (await accounts_store.by_id(runners(1), administrator.id)).failures == 1


async def test_a_password_that_is_replaced_ends_the_sign_ins_that_the_one_before_began(
    local, clock, runners, passwords, administrator
):
    begun = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    clock.move(seconds=1)
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, administrator, SOMEONE)
    await passwords.reset(1, link, OTHER, SOMEONE)
    with pytest.raises(Invalid):
        await local.second(1, begun.ticket, code_now(begun.secret, clock), SOMEONE, None)


async def test_an_old_password_does_not_replace_the_one_that_was_chosen_meanwhile(
    local, clock, runners, passwords, administrator
):
    clock.move(days=90)
    begun = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, administrator, SOMEONE)
    await passwords.reset(1, link, OTHER, SOMEONE)
    with pytest.raises(Invalid):
        await local.new_password(1, begun.ticket, "Bf6)wE2_kTq9+sH4", SOMEONE)


async def test_an_account_that_is_closed_while_its_password_is_hashed_stays_closed(
    runners, passwords, connections, administrator
):
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, administrator, SOMEONE)
        await accounts_store.change(runner, administrator.id, {"state": State.PENDING})
    async with runners(1).transaction() as runner:
        await accounts_store.change(runner, administrator.id, {"state": State.DISABLED})
        choosing = asyncio.create_task(passwords.reset(1, link, OTHER, SOMEONE))
        await waits_for_a_row(runner, choosing)
    with pytest.raises(Invalid):
        await choosing
    assert (await accounts_store.by_id(runners(1), administrator.id)).state is State.DISABLED


async def test_an_old_password_of_an_administrator_must_be_replaced_and_not_by_itself(local, clock, administrator):
    clock.move(days=90)
    following = await local.first(1, "admin.sys", PASSWORD, SOMEONE)
    assert following.step == "password"
    with pytest.raises(Unprocessable, match="used before"):
        await local.new_password(1, following.ticket, PASSWORD, SOMEONE)
    account, following = await local.new_password(1, following.ticket, OTHER, SOMEONE)
    assert (account.id, following.step) == (administrator.id, "enrol")


async def test_a_professional_signs_in_here_only_where_the_organisation_lets_them(
    local, clock, runners, passwords, connections, database
):
    import asyncpg

    account = await stored_account(runners, username="jeanne")
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, account, SOMEONE)
    await passwords.reset(1, link, PASSWORD, SOMEONE)
    with pytest.raises(LoginRequired, match=WRONG):
        await local.first(1, "jeanne", PASSWORD, SOMEONE)
    owner = await asyncpg.connect(database.superuser_url)
    await owner.execute("UPDATE tenant SET local_sign_in = true WHERE tenant = 1")
    await owner.close()
    assert (await local.first(1, "jeanne", PASSWORD, SOMEONE)).step == "enrol"


@pytest.mark.parametrize("state", [State.SUSPENDED, State.DISABLED])
async def test_a_closed_account_is_as_good_as_none(local, administrator, runners, state):
    async with runners(1).transaction() as runner:
        await accounts_store.change(runner, administrator.id, {"state": state})
    with pytest.raises(LoginRequired, match=WRONG):
        await local.first(1, "admin.sys", PASSWORD, SOMEONE)


async def test_a_reset_link_is_used_once_ends_sessions_and_grows_old(
    local, clock, passwords, sessions, administrator, runners
):
    _, (key, _) = await enrolled(local, clock)
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, administrator, SOMEONE)
    with pytest.raises(Unprocessable):
        await passwords.reset(1, link, "short", SOMEONE)
    clock.move(seconds=1)
    await passwords.reset(1, link, OTHER, SOMEONE)
    assert await sessions.of_key(key) is None
    with pytest.raises(Invalid):
        await passwords.reset(1, link, "Another-good-one-77!", SOMEONE)
    async with runners(1).transaction() as runner:
        late = await passwords.reset_link(runner, administrator, SOMEONE)
    clock.move(minutes=31)
    with pytest.raises(Invalid):
        await passwords.reset(1, late, "Another-good-one-77!", SOMEONE)


async def test_an_emergency_account_works_for_some_hours_and_no_longer(
    local, clock, runners, passwords, administration, sessions
):
    made = await administration.create(1, "urgence", Kind.EMERGENCY, {"family": "Urgence", "given": "Un"}, SOMEONE)
    await passwords.reset(1, made.reset, PASSWORD, SOMEONE)
    with pytest.raises(LoginRequired):
        await local.first(1, "urgence", PASSWORD, SOMEONE)
    account = await administration.switch_on(1, made.account.id, 2, "panne de Pro Santé Connect", SOMEONE)
    assert account.until == clock() + timedelta(hours=2)
    _, (key, session) = await enrolled(local, clock, "urgence")
    assert session.expires == account.until
    clock.move(hours=2)
    assert await sessions.of_key(key) is None
    with pytest.raises(LoginRequired):
        await local.first(1, "urgence", PASSWORD, SOMEONE)


async def test_a_recent_proof_is_given_again_with_a_code(local, clock, sessions, administrator):
    secret, (key, session) = await enrolled(local, clock)
    clock.move(minutes=20)
    with pytest.raises(LoginRequired):
        await local.confirm(session, "000000", SOMEONE)
    renewed = await local.confirm(session, code_now(secret, clock), SOMEONE)
    assert await sessions.of_key(key) is None
    assert (await sessions.of_key(renewed)).is_fresh(clock())


async def test_another_password_does_not_replace_the_code(local, clock, passwords, administrator, runners):
    await enrolled(local, clock)
    clock.move(minutes=1)
    async with runners(1).transaction() as runner:
        link = await passwords.reset_link(runner, administrator, SOMEONE)
    await passwords.reset(1, link, OTHER, SOMEONE)
    assert (await local.first(1, "admin.sys", OTHER, SOMEONE)).step == "code"
