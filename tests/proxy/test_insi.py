"""INSi as a professional, through the real proxy: Pro Santé Connect, exchange, token bound to the certificate, SOAP."""

import pytest

from tests.national.insi.people import patient, value
from tests.proxy.conftest import NATIONAL_ID, proxy_settings
from tests.proxy.live import LiveProxy
from tests.served import make_client
from usager_server.access.grant import Grant
from usager_server.app import build_house
from usager_server.national.insi.messages import Sought
from usager_server.national.insi.sandbox import stand_in as insi
from usager_server.national.insi.teleservice import Teleservice
from usager_server.national.proxy.client import SignInNeeded
from usager_server.national.psc import sandbox as psc
from usager_server.plugins import activate
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import lacking
from usager_server.settings import Settings


@pytest.fixture(scope="module")
def both():
    """Pro Santé Connect and INSi, started once."""
    if missing := lacking(psc.stand_in):
        pytest.skip(f"not here, or too old: {' and '.join(missing)}")
    with Sandbox([psc.stand_in, insi]) as sandbox:
        yield sandbox


@pytest.fixture
def proxy(both, places, postgres, proxy_database, tmp_path):
    """`usager proxy` in front of them."""
    url = next(it.url for it in both.running if it.stand_in.name == "insi")
    insi_api = {
        "scopes": ["insi"],
        "base_url": f"{url}/api",
        "token_endpoint": f"{url}/as/token",
        "revocation_endpoint": f"{url}/as/revoke",
    }
    given = proxy_settings(both, places, postgres, proxy_database, {"insi": insi_api})
    running = LiveProxy(tmp_path, given, places.folder).start()
    yield running
    running.stop()


def settings_of(proxy, both, places):
    """Return the settings of a server that calls INSi through the proxy."""
    settings = {
        **both.settings,
        "national_proxy_url": f"https://localhost:{proxy.port}",
        "national_proxy_client_id": psc.CLIENT,
        "national_proxy_certificate_file": places.folder / "dui.example.pem",
        "trusted_ca_file": places.folder / "callers-ca.pem",
    }
    return {name: settings[name] for name in settings if name in Settings.model_fields}


@pytest.mark.requirement("SC.INS/PSC.50")
async def test_somebody_is_found_through_the_real_proxy(proxy, both, places):
    teleservice = Teleservice(Settings(**settings_of(proxy, both, places)))
    async with teleservice.proxy() as client:
        session = await client.connect(NATIONAL_ID, "42", "MOBILE")
    async with teleservice.as_professional(session, NATIONAL_ID) as caller:
        reply = await caller.search(Sought("ADRUN", ("ZOE",), "F", "1975-12-31"))
    assert reply.individual.active.number.body == "2751263220749"
    assert (caller.calls[0].mode, caller.calls[0].code) == ("psc", "00")
    assert "ADRUN" not in proxy.log
    async with teleservice.proxy() as client:
        await client.disconnect(session)
    async with teleservice.as_professional(session, NATIONAL_ID) as caller:
        with pytest.raises(SignInNeeded):
            await caller.search(Sought("ADRUN", ("ZOE",), "F", "1975-12-31"))
    assert caller.calls[0].code == "refused"


@pytest.mark.requirement("SC.INS/PSC.50")
@pytest.mark.parametrize(
    "identifier",
    [
        {"system": "urn:oid:1.2.250.1.71.4.2.1", "value": NATIONAL_ID},
        {"system": "https://rpps.esante.gouv.fr", "value": NATIONAL_ID[1:]},
    ],
)
async def test_a_practitioner_who_signed_in_calls_in_their_own_name(
    proxy, both, places, store, definitions, tmp_path, identifier
):
    settings = Settings(**{**settings_of(proxy, both, places), "profiles": "sans-certificat-ins", "data_dir": tmp_path})
    house = build_house(settings, activate(settings.profile_keys), definitions, store.repository)
    scopes, person = "user/Patient.cruds user/Practitioner.r", {"practitioner": "Practitioner/nurse"}
    grant = Grant.of(scopes, structures=["house"], roles=["professional"], **person)
    async with make_client(house) as everyone, make_client(house, grant=grant) as nurse:
        managed = {"managingOrganization": {"reference": "Organization/house"}}
        for made in (
            {"resourceType": "Organization", "id": "house", "name": "Maison"},
            {"resourceType": "Practitioner", "id": "nurse", "identifier": [identifier]},
            patient(id="zoe", **managed),
        ):
            await everyone.put(f"/{made['resourceType']}/{made['id']}", json=made)
        assert (await nurse.post("/Patient/zoe/$ins-search")).status_code == 401
        message = {"name": "bindingMessage", "valueString": "42"}
        body = {"resourceType": "Parameters", "parameter": [message]}
        opened = await nurse.post("/$proxy-connect", json=body)
        assert opened.status_code == 200, opened.text
        found = await nurse.post("/Patient/zoe/$ins-search")
        assert (found.status_code, value(found.json(), "code")) == (200, "00")
        assert (await nurse.post("/$proxy-disconnect")).status_code == 200
        assert (await nurse.post("/Patient/zoe/$ins-search")).status_code == 401
