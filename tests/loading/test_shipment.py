"""Requests that may be sent twice."""

from pathlib import Path
from typing import Any

import orjson

from usager_server.loading.shipment import BATCH_ITEMS, shipments
from usager_server.loading.sources import Item, Source

SOURCE = Source(Path("people.ndjson"), "0" * 64, 1000)


def resource(number: int) -> Item:
    return Item(SOURCE, number, "resource", {"resourceType": "Patient", "id": f"p{number}"}, 10)


def transaction(*entries: dict[str, Any]) -> Item:
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
    return Item(SOURCE, 1, "bundle", bundle, 10, "name")


def entries_of(item: Item) -> list[dict[str, Any]]:
    (shipment,) = shipments([item])
    found: list[dict[str, Any]] = orjson.loads(shipment.body)["entry"]
    return found


def test_resources_go_together_up_to_the_limit() -> None:
    made = list(shipments(resource(number) for number in range(BATCH_ITEMS + 1)))
    assert [len(shipment.items) for shipment in made] == [BATCH_ITEMS, 1]


def test_a_resource_keeps_its_id() -> None:
    assert entries_of(resource(1))[0]["request"] == {"method": "PUT", "url": "Patient/p1"}


def test_a_creating_entry_becomes_an_update_under_an_id_of_ours() -> None:
    entry = {
        "fullUrl": "urn:uuid:1",
        "resource": {"resourceType": "Patient"},
        "request": {"method": "POST", "url": "Patient"},
    }
    (made,) = entries_of(transaction(entry))
    assert made["fullUrl"] == "urn:uuid:1"
    assert made["request"] == {"method": "PUT", "url": f"Patient/{made['resource']['id']}"}


def test_an_entry_that_may_be_sent_twice_already_is_left_alone() -> None:
    request = {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=a|1"}
    entry = {"resource": {"resourceType": "Patient"}, "request": request}
    assert entries_of(transaction(entry)) == [entry]


def test_a_document_goes_to_the_import_as_it_is() -> None:
    (shipment,) = shipments([Item(SOURCE, 1, "cda", b"<ClinicalDocument/>", 19)])
    assert shipment.path == "DocumentReference/$import-cda"
    assert shipment.body == b"<ClinicalDocument/>"
