"""From a path to an address: below the API it stays (psc.md 11.7)."""

import pytest

from usager_server.proxy.addresses import WrongPath, address

BASE = "https://api.example:8443/insi/v1"


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        (b"Patient", b"", "/insi/v1/Patient"),
        (b"Patient/$ins-search", b"a=1&b=%C3%A9", "/insi/v1/Patient/$ins-search?a=1&b=%C3%A9"),
        (b"a%20b/c/", b"", "/insi/v1/a%20b/c/"),
        (b"", b"", "/insi/v1/"),
        (b"a;v=1/b:c@d", b"x=http://other.example/", "/insi/v1/a;v=1/b:c@d?x=http://other.example/"),
        (b"...", b"", "/insi/v1/..."),
    ],
)
def test_a_path_stays_as_it_was_written(path, query, found):
    made = address(BASE, path, query)
    assert (made.host, made.port, made.raw_path.decode()) == ("api.example", 8443, found)


@pytest.mark.parametrize(
    "path",
    [
        b"..",
        b"../token",
        b"a/../../token",
        b"./a",
        b"%2e%2e/token",
        b"a/%2E./token",
        b"..;x/token",
        b"a%2f..%2ftoken",
        b"a%5c..",
        b"a\\..",
        b"%252e%252e/token",
        b"/evil.example/x",
        b"//evil.example/x",
        b"http://evil.example/x",
        b"https:/evil.example",
        b"a//b",
        b"a%00b",
        b"a%0d%0aX: y",
        b"a\r\nX: y",
        b"a b",
        b"%zz",
        b"%2",
        "é".encode(),
        b"a?b",
        b"a#b",
    ],
)
def test_a_path_that_would_lead_elsewhere_is_refused(path):
    with pytest.raises(WrongPath):
        address(BASE, path, b"")


@pytest.mark.parametrize("query", [b"a=%", b"a=\r\nX: y", b"a b", "é".encode(), b"a#b"])
def test_a_query_that_is_none_is_refused(query):
    with pytest.raises(WrongPath):
        address(BASE, b"x", query)
