"""The client against the stand-in, over real TLS: each fault of the control API becomes what it should."""

import time

import pytest

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.national.status import client
from usager_server.national.status.client import fetch_summary
from usager_server.national.status.messages import parse_summary
from usager_server.national.trust import tls


@pytest.fixture
def fetch(sandbox):
    """Return a caller of the client that trusts the sandbox."""
    url = sandbox.settings["national_status_summary_url"]
    return lambda: fetch_summary(url, tls(sandbox.ca_file))


async def test_the_summary_is_fetched_and_asked_for_as_json(fetch, page):
    summary = parse_summary(await fetch())
    assert summary.indicator == "none"
    assert len(summary.components) == 5
    (request,) = await page.received()
    assert request["method"] == "GET"
    assert request["headers"]["accept"] == "application/json"


async def test_a_server_of_an_unknown_authority_is_down(sandbox):
    with pytest.raises(ServiceDown, match="TLS failed: unable to get local issuer certificate"):
        await fetch_summary(sandbox.settings["national_status_summary_url"], tls(None))


async def test_a_slow_answer_is_given_up(fetch, page, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.3)
    await page.fault("delay", seconds=5)
    began = time.monotonic()
    with pytest.raises(ServiceDown, match=r"no answer within 0\.3 s"):
        await fetch()
    assert time.monotonic() - began < 2


async def test_a_dropped_connection_is_a_service_that_is_down(fetch, page):
    await page.fault("drop")
    with pytest.raises(ServiceDown, match=r"RemoteProtocolError|ReadError"):
        await fetch()


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_too_many_requests_and_server_errors_are_a_service_that_is_down(fetch, page, status):
    await page.fault("status", status=status)
    with pytest.raises(ServiceDown, match=f"the answer is {status}"):
        await fetch()


@pytest.mark.parametrize("status", [400, 404])
async def test_other_refusals_need_a_person(fetch, page, status):
    await page.fault("status", status=status)
    with pytest.raises(ServiceRefused, match=f"the answer is {status}"):
        await fetch()


async def test_an_expired_token_needs_a_person(fetch, page):
    await page.fault("expired-token")
    with pytest.raises(ServiceRefused, match="the answer is 401"):
        await fetch()


async def test_a_malformed_body_is_not_a_summary(fetch, page):
    await page.fault("malformed")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        parse_summary(await fetch())


async def test_a_duplicate_answer_is_read_once_and_not_taken_for_the_next(fetch, page):
    await page.fault("duplicate")
    assert parse_summary(await fetch()).indicator == "none"
    await page.seed({"MSSanté": "major_outage"})
    assert parse_summary(await fetch()).indicator == "critical"


async def test_an_answer_that_is_too_large_is_refused(fetch, page, monkeypatch):
    monkeypatch.setattr(client, "LIMIT_BYTES", 100)
    with pytest.raises(ServiceRefused, match="more than 100 bytes"):
        await fetch()
