"""A server killed in the middle of a merge of the feed: nothing is half done, and the message may come again."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live import LiveServer
from tests.pam.samples import LOCAL, OTHER, message

ER7 = {"Content-Type": "x-application/hl7-v2+er7"}
MANY = 200
"""What refers to the record that gives way: enough for the merge to take longer than the time until the kill."""

KILLED_AFTER_SECONDS = 0.2


@pytest.fixture
def slave(tmp_path) -> Iterator[LiveServer]:
    """A server whose identities come from its caller."""
    with LiveServer(tmp_path, profiles="esclave-identite", identity_master="anonymous").start() as server:
        yield server


def fed(server: LiveServer, text: str) -> str:
    """Return what the ACK to a message says, AA, AE or AR; "" when there is none."""
    try:
        address = f"{server.base}/Patient/$identity-feed"
        answer = httpx.post(address, content=text.encode(), headers=ER7, timeout=60)
    except httpx.HTTPError:
        return ""
    return answer.text.partition("MSA|")[2][:2]


def bearing(server: LiveServer, number: str) -> dict[str, Any]:
    """Return the active record that bears a number."""
    value = number.partition("^")[0]
    (entry,) = server.get(f"Patient?identifier=urn:oid:1.2.250.1.999.1%7C{value}&active=true")["entry"]
    patient: dict[str, Any] = entry["resource"]
    return patient


def weights(server: LiveServer, patient: dict[str, Any]) -> int:
    """Return how many Observations are of a record."""
    total: int = server.get(f"Observation?subject=Patient/{patient['id']}&_total=accurate&_count=1")["total"]
    return total


def weigh(server: LiveServer, patient: dict[str, Any]) -> None:
    """Store many Observations of a record."""
    subject = {"reference": f"Patient/{patient['id']}"}
    weight = {"resourceType": "Observation", "status": "final", "code": {"text": "poids"}, "subject": subject}
    entries = [{"resource": weight, "request": {"method": "POST", "url": "Observation"}}] * MANY
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    assert httpx.post(server.base, json=bundle, timeout=60).status_code == 200


@pytest.mark.requirement("INS/va1.64")
def test_a_merge_that_is_killed_is_whole_or_none(slave):
    for number, control in ((LOCAL, "1"), (OTHER, "2")):
        assert fed(slave, message(numbers=number, status="PROV", control=control)) == "AA"
    target, source = bearing(slave, LOCAL), bearing(slave, OTHER)
    weigh(slave, source)
    merge = message("A40", numbers=LOCAL, status="PROV", control="3", more=f"MRG|{OTHER}")
    answers: list[str] = []
    sending = threading.Thread(target=lambda: answers.append(fed(slave, merge)))
    sending.start()
    time.sleep(KILLED_AFTER_SECONDS)
    slave.kill()
    sending.join(60)
    slave.start()
    is_merged = weights(slave, target) == MANY
    assert weights(slave, source) == (0 if is_merged else MANY)
    assert ("link" in bearing(slave, LOCAL)) == is_merged
    assert is_merged or answers == [""]
    assert fed(slave, merge) == "AA"
    assert weights(slave, target) == MANY
    assert [each["type"] for each in bearing(slave, LOCAL)["link"]] == ["replaces"]
