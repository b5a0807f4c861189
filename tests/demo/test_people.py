"""The demonstration is valid, invented, and the same every time."""

from datetime import date
from typing import Any

import pytest

from usager_server.definitions import load
from usager_server.demo.people import RESIDENTS, demonstration
from usager_server.identity.matricule import key_of
from usager_server.validation.validator import HouseValidator

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def bundle() -> dict[str, Any]:
    return demonstration(TODAY)


def of_type(bundle: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == name]


def test_every_resource_is_valid_and_holds_its_profiles(bundle: dict[str, Any]) -> None:
    validator = HouseValidator(load())
    found = [
        issue
        for entry in bundle["entry"]
        for issue in (*validator.structure(entry["resource"]), *validator.profiles(entry["resource"]))
    ]
    assert [issue for issue in found if issue.severity in ("error", "warning")] == []


def test_the_people_are_the_same_every_time(bundle: dict[str, Any]) -> None:
    assert demonstration(TODAY) == bundle


def test_every_resident_has_an_ins_of_the_test_domain_with_its_key(bundle: dict[str, Any]) -> None:
    numbers = [patient["identifier"][0]["value"] for patient in of_type(bundle, "Patient")]
    assert len(set(numbers)) == RESIDENTS
    assert all(number == number[:13] + key_of(number[:13]) for number in numbers)


def test_every_reference_is_to_an_entry_of_the_bundle(bundle: dict[str, Any]) -> None:
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert len(urls) == len(bundle["entry"])
    assert set(_references(bundle)) <= urls


def _references(tree: Any) -> list[str]:
    if isinstance(tree, list):
        return [found for item in tree for found in _references(item)]
    if isinstance(tree, dict):
        own = [tree["reference"]] if isinstance(tree.get("reference"), str) else []
        return own + [found for value in tree.values() for found in _references(value)]
    return []
