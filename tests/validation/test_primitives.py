"""Primitives: what each type accepts and refuses."""

from typing import Any

import pytest

from usager_server.jsontext import parse_json
from usager_server.validation.primitives import CHECKS

GOOD: list[tuple[str, Any]] = [
    ("string", "a"),
    ("string", "Été à l'hôpital\u00a0: ligne\r\n\tsuite"),
    ("markdown", "# titre\n\ntexte"),
    ("code", "a"),
    ("code", "two words"),
    ("uri", "urn:oid:1.2.250"),
    ("url", "https://example.org/é"),
    ("canonical", "http://example.org/x|1"),
    ("boolean", True),
    ("boolean", False),
    ("integer", 0),
    ("integer", -(2**31)),
    ("unsignedInt", 2**31 - 1),
    ("positiveInt", 1),
    ("decimal", 1),
    ("decimal", parse_json(b"1.50")),
    ("decimal", parse_json(b"-1.5e-8")),
    ("base64Binary", "dGVzdA=="),
    ("base64Binary", "dGVz\n dA=="),
    ("id", "a-B.9"),
    ("id", "a" * 64),
    ("oid", "urn:oid:1.2.250.1.213.1.4.8"),
    ("uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    ("date", "2024"),
    ("date", "2024-02"),
    ("date", "2024-02-29"),
    ("dateTime", "2024-02-29T23:59:60Z"),
    ("dateTime", "2024-02-29T23:59:59.123456789+14:00"),
    ("instant", "2024-02-29T00:00:00-05:00"),
    ("time", "23:59:59.5"),
]

BAD: list[tuple[str, Any, str]] = [
    ("string", "", "value"),
    ("string", "a\x07", "value"),
    ("string", "a\x00", "value"),
    ("string", "a" * (1024 * 1024 + 1), "too-long"),
    ("string", "é" * (1024 * 512 + 1), "too-long"),
    ("string", 1, "structure"),
    ("string", None, "structure"),
    ("string", ["a"], "structure"),
    ("code", " a", "value"),
    ("code", "a  b", "value"),
    ("code", "a\n", "value"),
    ("uri", "a b", "value"),
    ("uri", "", "value"),
    ("uri", "http://a\x01b", "value"),
    ("boolean", "true", "structure"),
    ("boolean", 1, "structure"),
    ("integer", True, "structure"),
    ("integer", 2**31, "value"),
    ("integer", parse_json(b"1.0"), "value"),
    ("integer", "1", "structure"),
    ("unsignedInt", -1, "value"),
    ("positiveInt", 0, "value"),
    ("decimal", "1.5", "structure"),
    ("decimal", True, "structure"),
    ("decimal", parse_json(b"1e301"), "value"),
    ("decimal", parse_json(b"0." + b"1" * 200), "value"),
    ("base64Binary", "dGVzdA=", "value"),
    ("base64Binary", "dGVz*", "value"),
    ("base64Binary", "é", "value"),
    ("base64Binary", " ", "value"),
    ("id", "a" * 65, "value"),
    ("id", "a_b", "value"),
    ("oid", "1.2.3", "value"),
    ("uuid", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "value"),
    ("date", "2023-02-30", "value"),
    ("date", "2023-02-29", "value"),
    ("date", "2100-02-29", "value"),
    ("date", "2023-04-31", "value"),
    ("date", "2023-13", "value"),
    ("date", "0000", "value"),
    ("date", "2023-1-1", "value"),
    ("date", "2023-01-01T00:00:00Z", "value"),
    ("date", "٢٠٢٣", "value"),
    ("dateTime", "2023-01-01T10:00Z", "value"),
    ("dateTime", "2023-01-01T10:00:00", "value"),
    ("dateTime", "2023-01-01T24:00:00Z", "value"),
    ("dateTime", "2023-02-30T10:00:00Z", "value"),
    ("dateTime", "2023-01-01T10:00:00+15:00", "value"),
    ("instant", "2023-01-01", "value"),
    ("time", "10:00", "value"),
    ("time", "10:00:00Z", "value"),
]


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_a_sound_value_is_accepted(kind: str, value: Any) -> None:
    assert CHECKS[kind](value, None) is None


@pytest.mark.parametrize(("kind", "value", "code"), BAD)
def test_an_unsound_value_is_refused(kind: str, value: Any, code: str) -> None:
    found = CHECKS[kind](value, None)
    assert found is not None
    assert found[0].code == code


def test_a_large_binary_is_no_string() -> None:
    assert CHECKS["base64Binary"]("QUJD" * 500_000, None) is None
