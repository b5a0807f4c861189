"""What administrators do to accounts, and what they are refused."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tests.accounts.conftest import SOMEONE, opened
from tests.authorization.applications import ORIGIN, public_app
from usager_server.accounts import links_store
from usager_server.accounts.account import Account, Kind, Link, State
from usager_server.accounts.journal import Actor, What
from usager_server.accounts.linking import Attachment
from usager_server.authorization.memory import Held
from usager_server.authorization.store import PostgresMemory
from usager_server.errors import Conflict, Forbidden, NotFound, Unprocessable

RPPS, OTHER_RPPS = "19990000002", "19990000010"
PERSON = {"family": "Martin", "given": "Jeanne"}


@pytest.fixture
async def account(administration, passwords):
    made = await administration.create(
        1, "jeanne.martin", Kind.BUSINESS, {**PERSON, "rpps": RPPS, "profession": "60", "roles": ["infirmier"]}, SOMEONE
    )
    return await passwords.reset(1, made.reset, "Tr0is-chats?gris", SOMEONE)


async def test_an_account_waits_for_its_first_password(administration, passwords, account, journal):
    found = await administration.named(1, "jeanne.martin")
    assert (found.state, found.psc, found.rpps, found.structures) == (State.ACTIVE, Link.DECLARED, RPPS, None)
    assert journal.whats() == [
        What.CREATED, What.PASSWORD_RESET_ASKED, What.PASSWORD_CHANGED, What.STATE_CHANGED,
    ]  # fmt: skip


@pytest.mark.requirement("SC.SSI/IE.33")
@pytest.mark.parametrize(
    ("given", "attribute"),
    [
        ({"rpps": "1999000000"}, "rpps"),
        ({"rpps": "19990000003"}, "rpps"),
        ({"rpps": "1999000000²"}, "rpps"),
        ({"rpps": 19990000002}, "rpps"),
        ({"family": ""}, "family"),
        ({"given": "a\nb"}, "given"),
        ({"profession": "10^1.2"}, "profession"),
        ({"practitioner": "Patient/1"}, "practitioner"),
        ({"roles": "infirmier"}, "roles"),
        ({"roles": ["Infirmier!"]}, "roles"),
        ({"structures": [""]}, "structures"),
        ({"mssante": "jeanne"}, "mssante"),
        ({"password": "x"}, "password"),
    ],
)
async def test_a_wrong_attribute_is_named(administration, given, attribute):
    with pytest.raises(Unprocessable) as refused:
        await administration.create(1, "someone", Kind.BUSINESS, {**PERSON, **given}, SOMEONE)
    assert [issue.expression for issue in refused.value.issues] == [attribute]


async def test_a_name_is_taken_once(administration, account):
    with pytest.raises(Conflict):
        await administration.create(1, "jeanne.martin", Kind.BUSINESS, PERSON, SOMEONE)
    await administration.create(2, "jeanne.martin", Kind.BUSINESS, PERSON, SOMEONE)


@pytest.mark.requirement("SC.SSI/IAM.92")
@pytest.mark.parametrize(
    "clinical",
    [
        {"rpps": RPPS},
        {"practitioner": "Practitioner/1"},
        {"profession": "60"},
        {"structures": ["ehpad"]},
        {"roles": ["administrator", "professional"]},
        {"roles": ["administrative"]},
    ],
)
async def test_who_administers_has_nothing_clinical(administration, clinical):
    with pytest.raises(Unprocessable, match="account of administration"):
        await administration.create(1, "admin.sys", Kind.PRIVILEGED, {**PERSON, **clinical}, SOMEONE)
    own = {**PERSON, "roles": ["administrator", "auditor"]}
    made = await administration.create(1, "admin.sys", Kind.PRIVILEGED, own, SOMEONE)
    assert not made.account.may_have_clinical_scopes


async def test_no_account_is_made_with_an_address_that_is_none(administration):
    with pytest.raises(Unprocessable, match="e-mail"):
        await administration.create(1, "jeanne.martin", Kind.BUSINESS, {**PERSON, "email": "jeanne"}, SOMEONE)
    with pytest.raises(NotFound):
        await administration.named(1, "jeanne.martin")


@pytest.mark.requirement("SC.SSI/IE.33")
async def test_another_rpps_detaches_the_identity_and_ends_the_sessions(
    administration, runners, sessions, account, clock, journal
):
    async with runners(1).transaction() as runner:
        await links_store.attach(runner, account.id, Attachment("https://idp", f"8{RPPS}", "f:1"), clock())
    key, _ = await opened(sessions, runners, account)
    changed = await administration.change(1, account.id, {"rpps": OTHER_RPPS}, "erreur de saisie", SOMEONE)
    assert (changed.rpps, changed.psc) == (OTHER_RPPS, Link.DECLARED)
    assert await links_store.of_account(runners(1), account.id) == []
    assert await sessions.of_key(key) is None
    assert journal.whats()[-3:] == [What.UNLINKED, What.SESSION_ENDED, What.ATTRIBUTE_CHANGED]
    assert journal.last.details == {
        "rpps": OTHER_RPPS, "psc": "declared", "rpps_checked": "",
        "before rpps": RPPS, "before psc": "declared", "before rpps_checked": "",
    }  # fmt: skip


@pytest.mark.requirement("SC.SSI/IE.33")
@pytest.mark.parametrize("reason", ["", "  ", None, "r" * 501, "r\0", "r\x1b[2J"])
async def test_a_change_has_a_reason(administration, account, reason):
    with pytest.raises(Unprocessable, match="reason"):
        await administration.change(1, account.id, {"family": "Durand"}, reason, SOMEONE)


@pytest.mark.requirement("SC.SSI/IAM.91")
async def test_rights_granted_and_removed_are_told_apart(administration, account, journal):
    await administration.change(1, account.id, {"roles": ["cadre"], "structures": ["ehpad"]}, "mutation", SOMEONE)
    told = [(event.what, dict(event.details)) for event in journal.events[-4:]]
    assert told == [
        (What.RIGHT_GRANTED, {"roles": "cadre"}),
        (What.RIGHT_REMOVED, {"roles": "infirmier"}),
        (What.RIGHT_GRANTED, {"structures": "ehpad"}),
        (What.RIGHT_REMOVED, {"structures": "*"}),
    ]


async def test_a_suspended_account_comes_back_and_a_disabled_one_does_not(administration, account, sessions, runners):
    key, _ = await opened(sessions, runners, account)
    await administration.suspend(1, account.id, "congé", SOMEONE)
    assert await sessions.of_key(key) is None
    await administration.resume(1, account.id, "retour", SOMEONE)
    await administration.disable(1, account.id, "fin de contrat", SOMEONE)
    with pytest.raises(Conflict):
        await administration.resume(1, account.id, "erreur", SOMEONE)
    with pytest.raises(Conflict):
        await administration.reset_link(1, account.id, SOMEONE)


async def test_nobody_unlocks_themselves(administration, account):
    with pytest.raises(Forbidden):
        await administration.unlock(1, account.id, "oubli", Actor("jeanne", account=account.id))


async def test_an_account_without_identity_cannot_be_detached(administration, account):
    with pytest.raises(Conflict):
        await administration.unlink(1, account.id, "erreur", SOMEONE)


@pytest.mark.parametrize("hours", [0, 25, -1])
async def test_an_emergency_account_is_on_for_a_day_at_most(administration, hours):
    made = await administration.create(1, "urgence", Kind.EMERGENCY, PERSON, SOMEONE)
    with pytest.raises(Conflict):
        await administration.switch_on(1, made.account.id, hours, "panne", SOMEONE)
    with pytest.raises(Conflict):
        await administration.resume(1, made.account.id, "panne", SOMEONE)


async def test_an_account_of_another_tenant_is_not_there(administration, account):
    with pytest.raises(NotFound):
        await administration.account(2, account.id)
    with pytest.raises(NotFound):
        await administration.suspend(2, account.id, "x", SOMEONE)
    with pytest.raises(NotFound):
        await administration.account(1, uuid.uuid4())


async def test_accounts_are_listed_by_name_page_after_page(administration, account):
    await administration.create(1, "alain.b", Kind.BUSINESS, PERSON, SOMEONE)
    assert [it.username for it in await administration.listed(1)] == ["alain.b", "jeanne.martin"]
    assert [it.username for it in await administration.listed(1, "alain.b", 1)] == ["jeanne.martin"]


async def test_nobody_has_an_account_to_begin_with(administration):
    assert [await administration.listed(tenant) for tenant in (1, 2)] == [[], []]


@pytest.fixture
def given(runners):
    """What lets an application act for an account after its session; the id of the grant."""

    async def give(account: Account) -> str:
        memory, client = PostgresMemory(runners(1)), public_app()
        until = datetime.now(UTC) + timedelta(hours=1)
        await memory.add_client(client, ORIGIN)
        document = {"scope": "offline_access user/Patient.rs", "context": {}}
        held = Held(str(uuid.uuid4()), client.id, str(account.id), None, document, until)
        await memory.ask(held)
        assert await memory.decide(held, b"code", until) and await memory.is_live(held.id)
        return held.id

    return give


async def test_applications_do_not_outlive_the_identity_that_let_them(administration, runners, account, clock, given):
    async with runners(1).transaction() as runner:
        await links_store.attach(runner, account.id, Attachment("https://idp", f"8{RPPS}", "f:1"), clock())
    grant = await given(account)
    await administration.unlink(1, account.id, "erreur", SOMEONE)
    assert not await PostgresMemory(runners(1)).is_live(grant)


async def test_applications_do_not_outlive_a_second_factor_that_was_lost(administration, runners, account, given):
    grant = await given(account)
    await administration.reset_factors(1, account.id, "téléphone volé", SOMEONE)
    assert not await PostgresMemory(runners(1)).is_live(grant)


async def test_applications_of_an_emergency_do_not_come_back_with_the_next(administration, runners, given):
    emergency = (await administration.create(1, "urgence", Kind.EMERGENCY, PERSON, SOMEONE)).account
    await administration.switch_on(1, emergency.id, 1, "panne", SOMEONE)
    grant = await given(emergency)
    await administration.suspend(1, emergency.id, "fin de la panne", SOMEONE)
    await administration.switch_on(1, emergency.id, 1, "panne", SOMEONE)
    assert not await PostgresMemory(runners(1)).is_live(grant)
