"""The client over real sockets and mutual TLS, before a stand-in that refuses what the service would."""

import asyncio
from dataclasses import replace

import pytest

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.national.insi import channels
from usager_server.national.insi.breaker import FAILURES
from usager_server.national.insi.faults import InsiRefused
from usager_server.national.insi.messages import CardHolder, Claimed, Deposit, Ins, Number, Sought, Traits
from usager_server.national.insi.teleservice import Teleservice
from usager_server.national.proxy.client import SignInNeeded
from usager_server.settings import Settings

ZOE = Sought("ADRUN", ("ZOE",), "F", "1975-12-31")
NIR, NIA = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"
ZOE_TRAITS = Traits("ADRUN", "", "ZOE", "F", "1975-12-31", "63220")
ZOE_INS = Ins(Number("2751263220749", "74"), NIR)
PROFESSIONAL = "899700000000"


@pytest.mark.requirement("INS/va1.59")
async def test_traits_find_a_matricule(teleservice):
    async with teleservice.with_certificate() as client:
        reply = await client.search(ZOE)
    assert reply.code == "00"
    assert reply.individual.active == ZOE_INS
    assert reply.individual.traits == ZOE_TRAITS
    assert [(it.operation, it.code, it.mode) for it in client.calls] == [
        ("rechercherInsAvecTraitsIdentite", "00", "certificate")
    ]


async def test_nobody_is_code_01(teleservice):
    async with teleservice.with_certificate() as client:
        assert (await client.search(replace(ZOE, given_names=("ANNE",)))).code == "01"


@pytest.mark.requirement("SC.INS.15")
async def test_two_that_agree_are_code_02_until_the_place_is_told(teleservice, insi):
    await insi.seed({"persons": [_twin("75056", "275127505612345"), _twin("13055", "275121305512345")]})
    async with teleservice.with_certificate() as client:
        sought = Sought("JUMELLE", ("ANNE",), "F", "1975-12-31")
        assert (await client.search(sought)).code == "02"
        found = await client.search(replace(sought, birth_place="13055"))
    assert found.individual.traits.birth_place == "13055"


def _twin(place, number):
    traits = {"birth_name": "JUMELLE", "given_names": "ANNE", "sex": "F", "birth_date": "1975-12-31"}
    return {**traits, "birth_place": place, "number": number}


async def test_every_way_to_write_an_answer_is_read(teleservice):
    """Prefixes, the place of the dates and a missing key vary from one answer to the next."""
    sought = Sought("ECETINSI", ("PIERRE-ALAIN",), "M", "2009-07-14")
    async with teleservice.with_certificate() as client:
        replies = [await client.search(sought) for _ in range(12)]
    assert {it.individual.active.number.body for it in replies} == {"1090763220834"}
    assert {it.individual.active.number.key for it in replies} == {"89", ""}
    assert {tuple(h.number.body for h in it.individual.history) for it in replies} == {
        ("2090763220834", "1090763220834")
    }


async def test_a_nia_bears_its_oid(teleservice):
    async with teleservice.with_certificate() as client:
        reply = await client.search(Sought("PROVISOIRE", ("MATRICULE",), "M", "2009-07-01"))
    assert reply.individual.active.oid == NIA


async def test_a_card_finds_a_matricule(teleservice):
    async with teleservice.with_certificate() as client:
        holder = CardHolder(Number("2751263220749", "74"), "1975-12-31", "1")
        assert (await client.search_by_card(holder)).individual.active == ZOE_INS


@pytest.mark.requirement("INS/va1.60")
@pytest.mark.parametrize(("name", "code"), [("ADRUN", "00"), ("ADRUNE", "01")])
async def test_a_verification_agrees_or_does_not(teleservice, name, code):
    async with teleservice.with_certificate() as client:
        assert (await client.verify(Claimed(ZOE_INS, replace(ZOE_TRAITS, birth_name=name)))).code == code


async def test_a_lot_is_handed_in_once_and_collected_when_it_is_ready(teleservice, asked):
    claims = [("a", Claimed(ZOE_INS, ZOE_TRAITS)), ("b", Claimed(ZOE_INS, replace(ZOE_TRAITS, birth_name="X")))]
    async with teleservice.with_certificate(unattended=True) as client:
        assert await client.collect("lot-1") is None
        await client.deposit(Deposit("lot-1", claims))
        await client.deposit(Deposit("lot-1", claims))
        assert not (await client.collect("lot-1")).is_ready
        assert (await client.collect("lot-1")).codes == {"a": "00", "b": "01"}


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"insi_idam": "UNKNOWN"}, "desir_550", "USAGER_INSI_IDAM"),
        ({"insi_certificate_file": "client.pem"}, "desir_560", "INSI-AUTO ou INSI-MANU"),
    ],
)
async def test_a_fault_is_told_in_french(insi_sandbox, insi_settings, change, code, told):
    if "insi_certificate_file" in change:
        change = {"insi_certificate_file": insi_sandbox.client_file}
    async with Teleservice(Settings(**{**insi_settings, **change})).with_certificate() as client:
        with pytest.raises(InsiRefused) as refused:
            await client.search(ZOE)
    assert refused.value.desir == code
    assert told in refused.value.told
    assert refused.value.message_id == f"uuid:{client.calls[0].message_id}"
    assert client.calls[0].code == code


@pytest.mark.parametrize(
    "sought", [replace(ZOE, sex="I"), replace(ZOE, birth_name="adrun"), replace(ZOE, given_names=())]
)
async def test_the_stand_in_refuses_what_its_schema_does(teleservice, sought):
    async with teleservice.with_certificate() as client:
        with pytest.raises(InsiRefused, match="desir_400"):
            await client.search(sought)


async def test_a_lost_answer_is_no_answer_and_was_counted(teleservice, insi, asked):
    await insi.fault("drop")
    async with teleservice.with_certificate() as client:
        with pytest.raises(ServiceDown):
            await client.search(ZOE)
    assert client.calls[0].code == "no-answer"
    assert await asked.counts("rechercherInsAvecTraitsIdentite") == {"ADRUN": 1}


async def test_a_slow_service_is_given_up(teleservice, insi, monkeypatch):
    monkeypatch.setattr(channels, "TIMEOUT_SECONDS", 0.2)
    await insi.fault("delay", seconds=2)
    async with teleservice.with_certificate() as client:
        with pytest.raises(ServiceDown, match=r"0\.2 s"):
            await client.search(ZOE)


async def test_after_several_failures_nobody_waits(teleservice, insi):
    await insi.fault("status", status=503, times=FAILURES)
    async with teleservice.with_certificate() as client:
        for _ in range(FAILURES):
            with pytest.raises(ServiceDown):
                await client.search(ZOE)
        began = asyncio.get_running_loop().time()
        with pytest.raises(ServiceDown, match="calls pass again"):
            await client.search(ZOE)
        assert asyncio.get_running_loop().time() - began < 0.1
        assert len(client.calls) == FAILURES


async def test_an_answer_that_is_cut_short_is_refused(teleservice, insi):
    await insi.fault("malformed")
    async with teleservice.with_certificate() as client:
        with pytest.raises(ServiceRefused, match="not well-formed"):
            await client.search(ZOE)


@pytest.mark.requirement("SC.INS/PSC.50")
async def test_a_professional_calls_through_a_proxy(teleservice, insi):
    async with teleservice.proxy() as proxy:
        session = await proxy.connect(PROFESSIONAL, "42", "MOBILE")
    async with teleservice.as_professional(session, PROFESSIONAL) as client:
        assert (await client.search(ZOE)).individual.active == ZOE_INS
    assert client.calls[0].mode == "psc"
    async with teleservice.as_professional(session, "899700000001") as client:
        with pytest.raises(InsiRefused, match="desir_560"):
            await client.search(ZOE)
    async with teleservice.proxy() as proxy:
        await proxy.disconnect(session)
    async with teleservice.as_professional(session, PROFESSIONAL) as client:
        with pytest.raises(SignInNeeded):
            await client.search(ZOE)
