"""The OpenAPI document: up to date, whole, and about what the door takes."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.house.files import ROOT
from usager_server.app import openapi_files
from usager_server.interactions import routing
from usager_server.openapi.interactions import PLACES
from usager_server.settings import Settings


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """The files that `make openapi` writes, with no profile on."""
    return dict(openapi_files(Settings(profiles="")))


@pytest.fixture(scope="module")
def document(files: dict[str, bytes]) -> dict[str, Any]:
    """The document with no profile on."""
    read: dict[str, Any] = json.loads(files["openapi.json"])
    return read


def nodes(tree: Any) -> Iterator[Any]:
    """Yield every node of a tree."""
    yield tree
    for child in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(child)


def test_the_committed_files_are_up_to_date(files):
    stale = [name for name, content in files.items() if (ROOT / "openapi" / name).read_bytes() != content]
    assert stale == [], "run make openapi"


def test_every_reference_leads_somewhere(document):
    for node in nodes(document):
        if isinstance(node, dict) and "$ref" in node:
            _, *steps = node["$ref"].split("/")
            found: Any = document
            for step in steps:
                found = found[step]


def test_every_operation_has_a_name_of_its_own(document):
    names = [
        it["operationId"] for path in document["paths"].values() for key, it in path.items() if key != "parameters"
    ]
    assert len(names) == len(set(names))


def test_every_table_of_the_dispatch_is_described():
    tables = [
        value
        for key, value in vars(routing).items()
        if key.isupper() and isinstance(value, dict) and all(callable(it) for it in value.values())
    ]
    described = [table for _, table, _, _ in PLACES]
    assert [table for table in tables if table not in described and table is not routing.OPERATION] == []


def test_every_failure_is_an_operation_outcome(document):
    for path, methods in document["paths"].items():
        if path.startswith("/fhir"):
            for key, operation in methods.items():
                if key != "parameters":
                    failures = [it for status, it in operation["responses"].items() if status >= "400"]
                    assert failures
                    assert all(it["$ref"].startswith("#/components/responses/") for it in failures)


def test_operations_of_a_profile_are_described_when_it_is_on(document):
    on = json.loads(openapi_files(Settings(profiles="pa"))["openapi.json"])
    assert set(on["paths"]) - set(document["paths"]) == {"/fhir/QuestionnaireResponse/$aggir"}
