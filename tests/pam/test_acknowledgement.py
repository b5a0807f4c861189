"""The ACK: there is one for whatever begins like a message."""

from datetime import UTC, datetime

import pytest

from usager_server.pam.acknowledgement import acknowledgement
from usager_server.pam.er7 import header_of

MOMENT = datetime(2026, 5, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("ADT^A28", "ACK^A28"),
        ("ADT^A28^ADT_A05", "ACK^A28"),
        ("ADT^A40~ADT^A28", "ACK^A40"),
        ("ADT^A4\\X41\\0", "ACK"),
        ("ADT^A28\\", "ACK^A28"),
        ("ADT^" + "~" * 500, "ACK"),
        ("ADT^x|y", "ACK"),
        ("", "ACK"),
    ],
)
def test_the_event_is_told_as_far_as_it_is_one(kind, told):
    header = header_of(f"MSH|^~\\&|GAM|CHU|U|E|20260504100000||{kind}|42|P|2.5\r".encode())
    lines = acknowledgement(header, "AE", MOMENT, "own", ("102", "MSH-9", "illisible")).decode().split("\r")
    assert (lines[0].split("|")[8], lines[1].split("|")[:2]) == (told, ["MSA", "AE"])
