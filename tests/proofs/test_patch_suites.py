"""The public patch suites: FHIRPath Patch and JSON Patch of the FHIR test-case repository, JSON Patch of npm.

USAGER_TEST_FHIR_CASES names a checkout of that repository; without it its suites are skipped. Nothing of them is ours
to commit. The counts, and why a case differs, are in docs/conformance-suites.md.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from lxml import etree

from tests.live import LiveServer
from tests.proofs.npm import package
from usager_server.errors import FHIRError
from usager_server.interactions.json_patch import apply_json_patch
from usager_server.jsontext import build_json, parse_json

FHIR = "{http://hl7.org/fhir}"
XML = {"Content-Type": "application/fhir+xml", "Accept": "application/fhir+xml"}

# A case that ends otherwise here, and why that is right.
PAT_1 = "leaves a Patient.contact without details, which pat-1 forbids: refused, as any such write"
DIFFERENT = {"Consecutive operations": PAT_1, "Delete Nested Primitive #2": PAT_1}


def cases_folder() -> Path:
    """Return r4/patch of the test cases, or skip."""
    root = os.environ.get("USAGER_TEST_FHIR_CASES")
    if not root:
        pytest.skip("USAGER_TEST_FHIR_CASES does not name a checkout of the FHIR test cases")
    return Path(root) / "r4" / "patch"


def child(case: Any, name: str) -> bytes | None:
    """Return the resource inside one part of a case, as XML."""
    part = case.find(name)
    return None if part is None else etree.tostring(part[0])


async def ask(http: aiohttp.ClientSession, method: str, url: str, body: bytes | None = None) -> tuple[int, bytes]:
    async with http.request(method, url, data=body, headers=XML) as answer:
        return answer.status, await answer.read()


def bare(xml: bytes | None) -> str:
    """Return the canonical XML of a resource without id, meta, comments and blanks between elements."""
    parser = etree.XMLParser(remove_blank_text=True, remove_comments=True)
    root = etree.fromstring(xml or b"", parser)
    for name in ("id", "meta"):
        for element in root.findall(f"{FHIR}{name}"):
            root.remove(element)
    return " ".join(etree.tostring(root, method="c14n2", strip_text=True).decode().split())


async def patched(http: aiohttp.ClientSession, base: str, case: Any) -> tuple[int, bytes]:
    """Return what a case leaves on the server: the status of the PATCH and the resource."""
    given = child(case, "input")
    assert given is not None
    url = f"{base}/{etree.QName(case.find('input')[0]).localname}"
    status, made = await ask(http, "POST", url, given)
    assert status == 201, made
    resource_id = etree.fromstring(made).find(f"{FHIR}id").get("value")
    status, answer = await ask(http, "PATCH", f"{url}/{resource_id}", child(case, "diff"))
    return (status, answer) if status != 200 else (await ask(http, "GET", f"{url}/{resource_id}"))


async def test_the_fhirpath_patch_suite_passes(server: LiveServer, http: aiohttp.ClientSession) -> None:
    failures, cases = {}, list(etree.parse(cases_folder() / "fhir-patch-tests.xml").getroot())
    cases = [case for case in cases if case.tag == "case"]
    for case in cases:
        status, answer = await patched(http, server.base, case)
        if case.find("error") is not None:
            right = 400 <= status < 500
        else:
            right = status == 200 and bare(answer) == bare(child(case, "output"))
        if not right:
            failures[case.get("name")] = f"{status} {answer.decode()[:500]}"
    print(f"\n{len(cases) - len(failures)} of {len(cases)} FHIRPath Patch cases")
    assert failures.keys() == DIFFERENT.keys() & {case.get("name") for case in cases}, failures


def json_patch_files() -> Iterator[Path]:
    """Yield the files of JSON Patch cases that can be had here."""
    suite = package("json-patch-test-suite", "1.1.0")
    yield from (suite / "tests.json", suite / "spec_tests.json")
    if os.environ.get("USAGER_TEST_FHIR_CASES"):
        yield cases_folder() / "json-patch-tests.json"


def outcome(case: dict[str, Any]) -> str:
    """Return what is wrong with how a JSON Patch case ends; empty when it ends as it must."""
    document, patch = (parse_json(json.dumps(case[key]).encode()) for key in ("doc", "patch"))
    try:
        result = json.loads(build_json(apply_json_patch(document, patch)))
    except FHIRError as error:
        return "" if "error" in case else f"refused: {error}"
    if "error" in case:
        return f"accepted, {case['error']}: {result}"
    return "" if "expected" not in case or result == case["expected"] else f"{result} instead of {case['expected']}"


def test_the_json_patch_suites_pass() -> None:
    cases = [case for path in json_patch_files() for case in json.loads(path.read_text()) if "doc" in case]
    active = [case for case in cases if not case.get("disabled")]
    failures = {case.get("comment", json.dumps(case["patch"])): said for case in active if (said := outcome(case))}
    print(f"\n{len(active) - len(failures)} of {len(active)} JSON Patch cases, {len(cases) - len(active)} disabled")
    assert failures == {}
