"""Random interactions, as a stranger who knows the ids of others would try them."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
from hypothesis import strategies as st

from tests.access.conftest import observation
from tests.served import FHIR_JSON

FULL = os.environ.get("USAGER_TEST_FULL") == "1"
JSON_PATCH = {"Content-Type": "application/json-patch+json"}


@dataclass(frozen=True, slots=True)
class Act:
    """One request."""

    method: str
    address: str
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    async def done_by(self, client: httpx.AsyncClient) -> httpx.Response:
        """Send it."""
        return await client.request(self.method, self.address, json=self.body, headers={**FHIR_JSON, **self.headers})

    @property
    def entry(self) -> dict[str, Any]:
        """The same as an entry of a Bundle."""
        entry: dict[str, Any] = {"request": {"method": self.method, "url": self.address.lstrip("/") or "/"}}
        if "If-None-Exist" in self.headers:
            entry["request"]["ifNoneExist"] = self.headers["If-None-Exist"]
        return entry if self.body is None or self.method == "PATCH" else {**entry, "resource": self.body}


def acts(names: Sequence[str], new: Sequence[str], persons: Sequence[str]) -> st.SearchStrategy[Act]:
    """Return interactions on Observations of these names, and on those of new ones where one is made by PUT.

    Shape   persons are the Patients that bodies and queries name.
    """
    name, person = st.sampled_from(names), st.sampled_from(persons)
    address = st.builds("/Observation/{}".format, name)
    body = st.builds(observation, person, st.sampled_from(["718-7", "8480-6"]), st.sampled_from(["laboratory", "exam"]))
    query = st.one_of(
        st.sampled_from(QUERIES),
        st.builds("/Observation?_id={}&_total=accurate".format, name),
        st.builds("/Observation?subject=Patient/{}&_total=accurate".format, person),
        st.builds("/Patient/{}/Observation?_total=accurate".format, person),
        st.builds("/Patient?_id={}&_revinclude=Observation:subject".format, person),
        st.builds("/Patient/{}/$everything".format, person),
        st.builds("/Patient/{}/_history".format, person),
    )
    condition = st.builds("subject=Patient/{}&code={}".format, person, st.sampled_from(["718-7", "8480-6", "none"]))
    reads = st.one_of(
        st.builds(Act, st.just("GET"), address),
        st.builds(Act, st.just("GET"), st.builds("{}/_history".format, address)),
        st.builds(Act, st.just("GET"), st.builds("{}/_history/1".format, address)),
        st.builds(Act, st.just("GET"), st.builds("/Patient/{}".format, person)),
        st.builds(Act, st.just("GET"), query),
    )
    writes = st.one_of(
        st.builds(Act, st.just("POST"), st.just("/Observation"), body),
        st.builds(put, st.sampled_from(new), body),
        st.builds(Act, st.just("DELETE"), address),
        st.builds(Act, st.just("DELETE"), st.builds("/Observation?{}".format, condition)),
        st.builds(Act, st.just("PUT"), st.builds("/Observation?{}".format, condition), body),
        st.builds(conditional, body, condition),
    )
    patch = st.builds(Act, st.just("PATCH"), address, st.sampled_from(PATCHES), st.just(JSON_PATCH))
    alone = st.one_of(reads, writes, patch)
    kinds = st.sampled_from(["batch", "transaction"])
    return st.one_of(
        alone, alone, st.builds(bundled, kinds, st.lists(st.one_of(reads, writes), min_size=1, max_size=4))
    )


QUERIES = (
    "/Observation?_total=accurate",
    "/Observation?_summary=count",
    "/Observation?code=718-7&_total=estimate",
    "/Observation?_sort=code&_total=accurate",
    "/Observation?_sort=-_id",
    "/Observation?_count=1&_total=accurate",
    "/Observation?code:not=718-7&_total=accurate",
    "/Observation?subject:Patient.family=secret&_total=accurate",
    "/Observation?subject.family=martin&_total=accurate",
    "/Observation?_include=*",
    "/Patient?_total=accurate",
    "/Patient?family=secret&_total=accurate",
    "/Patient?_has:Observation:subject:code=718-7&_total=accurate",
    "/Patient?_has:Observation:subject:category=laboratory&_summary=count",
    "/Patient?_has:Observation:subject:_id=b-blood&_total=accurate",
    "/Patient?_sort=family&_count=1",
    "/Observation?_lastUpdated=gt2020&_elements=id&_total=accurate",
    "/Observation/_history?_count=100",
    "/_history?_count=100",
    "/?_type=Patient,Observation&_total=accurate",
    "/$export",
    "/Patient/$export",
)

PATCHES = (
    [{"op": "replace", "path": "/status", "value": "amended"}],
    [{"op": "replace", "path": "/subject/reference", "value": "Patient/b"}],
    [{"op": "replace", "path": "/subject/reference", "value": "Patient/a"}],
)


def put(name: str, body: dict[str, Any]) -> Act:
    """Return an update of a resource by its id."""
    return Act("PUT", f"/Observation/{name}", {**body, "id": name})


def conditional(body: dict[str, Any], condition: str) -> Act:
    """Return a conditional create."""
    return Act("POST", "/Observation", body, {"If-None-Exist": condition})


def bundled(kind: str, entries: Sequence[Act]) -> Act:
    """Return the Bundle of some interactions."""
    return Act("POST", "/", {"resourceType": "Bundle", "type": kind, "entry": [each.entry for each in entries]})


VOLATILE = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|\+00:00)|_cursor=[A-Za-z0-9_-]+|request [0-9a-f]{16}"
)


def told(answer: httpx.Response) -> str:
    """Return all that an answer tells, the instants and the ids that the server made left out.

    Order   that of includes and of histories is left out as well: includes have none, and what was written within one
            millisecond may stand either way.
    """
    headers = {name: answer.headers.get(name) for name in ("etag", "location", "allow", "warning")}
    body = _in_one_order(json.loads(VOLATILE.sub("·", answer.text))) if answer.text else None
    return VOLATILE.sub("·", json.dumps([answer.status_code, headers])) + json.dumps(body)


def _in_one_order(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_in_one_order(each) for each in tree]
    if not isinstance(tree, dict):
        return tree
    ordered = {name: _in_one_order(value) for name, value in tree.items()}
    if ordered.get("type") in ("searchset", "history") and "entry" in ordered:
        ordered["entry"].sort(key=lambda entry: json.dumps(entry, sort_keys=True))
    return ordered
