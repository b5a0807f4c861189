"""Who calls: the connection is believed, and a front proxy that the settings name."""

from base64 import b64encode
from ipaddress import ip_network

import pytest

from usager_server.proxy.caller import PEER_CERTIFICATE, caller_of, certificate_of, subject_of

TRUSTED = (ip_network("10.0.0.0/8"),)
OTHER = f":{b64encode(b'other').decode()}:"


def scope(address: str) -> dict[str, object]:
    """Return a request from an address, over a connection that shows a certificate."""
    return {"client": (address, 4242), PEER_CERTIFICATE: b"shown"}


def test_a_stranger_s_headers_mean_nothing():
    found = caller_of(scope("192.0.2.1"), {"x-forwarded-for": "203.0.113.9", "client-cert": OTHER}.items(), TRUSTED)
    assert (found.address, found.port, found.certificate) == ("192.0.2.1", 4242, b"shown")


def test_a_front_proxy_tells_who_calls():
    found = caller_of(scope("10.1.1.1"), {"x-forwarded-for": "203.0.113.9", "client-cert": OTHER}.items(), TRUSTED)
    assert (found.address, found.port, found.certificate) == ("203.0.113.9", None, b"other")


def test_what_a_caller_wrote_before_the_front_proxies_is_not_believed():
    headers = {"x-forwarded-for": "198.51.100.1, 203.0.113.9, 10.2.2.2"}
    assert caller_of(scope("10.1.1.1"), headers.items(), TRUSTED).address == "203.0.113.9"


def test_a_line_that_a_front_proxy_adds_comes_after_that_of_the_caller():
    headers = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-for", "203.0.113.9")]
    assert caller_of(scope("10.1.1.1"), headers, TRUSTED).address == "203.0.113.9"


def test_of_two_certificates_neither_is_believed():
    headers = [("client-cert", OTHER), ("client-cert", f":{b64encode(b'mine').decode()}:")]
    assert caller_of(scope("10.1.1.1"), headers, TRUSTED).certificate is None


@pytest.mark.parametrize("told", ["", "nobody", "10.3.3.3", "203.0.113.9:80, x"])
def test_an_address_that_is_none_leaves_that_of_the_connection(told):
    assert caller_of(scope("10.1.1.1"), {"x-forwarded-for": told}.items(), TRUSTED).address == "10.1.1.1"


@pytest.mark.parametrize("forwarded", ["203.0.113.9", "10.3.3.3", "nobody", ""])
def test_the_certificate_of_a_front_proxy_is_not_its_caller_s(forwarded):
    assert caller_of(scope("10.1.1.1"), {"x-forwarded-for": forwarded}.items(), TRUSTED).certificate is None


@pytest.mark.parametrize("header", ["", "::", "AAAA", ":A:", ":é:", ":" + "A" * 9000 + ":"])
def test_a_header_that_holds_no_certificate_is_none(header):
    assert certificate_of(header) is None


def test_what_is_no_certificate_has_no_subject():
    assert subject_of(b"?") == ""
