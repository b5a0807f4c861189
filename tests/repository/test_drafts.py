"""From a resource to its text, its numbers and its grams."""

from datetime import UTC, datetime

import orjson
import pytest

from tests.repository.drafting import ToldRows, patient
from usager_server.errors import Invalid
from usager_server.jsontext import parse_json
from usager_server.repository.drafts import draft, instant
from usager_server.repository.grams import KnownValues, gram_number, gram_range, grams
from usager_server.repository.ids import RowNumbers, new_uuid, uuid_milliseconds
from usager_server.search.index import IndexRows

NOON = datetime(2026, 3, 29, 12, 0, 0, 5000, tzinfo=UTC)


def text_of(source: bytes) -> str:
    resource = parse_json(source)
    made = draft(resource, "x", tenant=1, now=NOON, registry=ToldRows(IndexRows()), method="PUT")
    return made.stored(7).document or ""


def test_the_text_is_the_clients_with_our_meta() -> None:
    assert text_of(
        b'{"resourceType":"Basic","code":{"text":"\\u00e9"},"meta":{"versionId":"9","tag":[{"code":"a"}]}}'
    ) == (
        '{"resourceType":"Basic","id":"x","meta":{"versionId":"7","lastUpdated":"2026-03-29T12:00:00.005Z",'
        '"tag":[{"code":"a"}]},"code":{"text":"é"}}'
    )


def test_a_resource_without_anything_is_whole() -> None:
    assert orjson.loads(text_of(b'{"resourceType":"Basic"}')) == {
        "resourceType": "Basic",
        "id": "x",
        "meta": {"versionId": "7", "lastUpdated": "2026-03-29T12:00:00.005Z"},
    }


def test_more_texts_than_can_be_indexed_are_refused() -> None:
    rows = ToldRows(IndexRows(strings=[(1, f"name {number}", 0) for number in range(10_001)]))
    with pytest.raises(Invalid) as refusal:
        draft({"resourceType": "Patient"}, "x", tenant=1, now=NOON, registry=rows, method="PUT")
    assert refusal.value.issues[0].expression == "Patient"


def test_decimals_keep_their_digits_and_members_their_order() -> None:
    text = text_of(b'{"valueQuantity":{"value":1.50},"resourceType":"Observation","a":1e3,"_a":{"id":"1"}}')
    assert text.endswith('"valueQuantity":{"value":1.50},"a":1e3,"_a":{"id":"1"}}')


def test_an_instant_has_milliseconds_and_z() -> None:
    assert instant(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000Z"


def test_row_numbers_grow_even_when_hurried() -> None:
    numbers = RowNumbers(process=1023)
    made = [numbers.next() for _ in range(20_000)]
    assert made == sorted(set(made))
    assert made[-1] < 2**63


def test_two_processes_never_make_the_same_row_number() -> None:
    first, second = RowNumbers(1), RowNumbers(2)
    assert not {first.next() for _ in range(5000)} & {second.next() for _ in range(5000)}


def test_drafts_grow_with_time() -> None:
    assert patient().row < patient().row


def test_a_uuid_is_of_version_7() -> None:
    made = new_uuid()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert abs(uuid_milliseconds(made) / 1000 - datetime.now(UTC).timestamp()) < 5


def test_every_piece_of_a_value_is_found_by_its_grams() -> None:
    value = "martin"
    stored = grams(value)
    for start in range(len(value)):
        for end in range(start + 1, len(value) + 1):
            low, high = gram_range(value[start:end])
            assert any(low <= gram <= high for gram in stored)
    low, high = gram_range("z")
    assert not any(low <= gram <= high for gram in stored)


def test_grams_fit_a_bigint() -> None:
    assert 0 < gram_number("\U0010ffff" * 3) < 2**63
    assert gram_range("\U0010ffff")[1] < 2**63


def test_known_values_are_not_stored_again() -> None:
    known = KnownValues(limit=2)
    known.learn(1, ["a", "b"])
    assert known.unknown(1, ["a", "c", "c"]) == ["c"]
    assert known.unknown(2, ["a"]) == ["a"]
    known.learn(1, ["c"])
    known.learn(1, ["d"])
    assert known.unknown(1, ["a", "d"]) == ["a"]
