"""Whatever comes over the wire, the answer is not a 500."""
# ruff: noqa: E501

import json
from typing import Any
from urllib.parse import quote

from httpx import AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    derandomize=True,
)

TYPES = st.sampled_from(["Patient", "Observation", "Bundle", "Binary", "Parameters", "Group", "Resource", "patient"])
SEGMENTS = st.one_of(
    TYPES,
    st.sampled_from(["_history", "_search", "metadata", "$meta", "$everything", "$validate", "*", "1", "..", "%", "a"]),
    st.text(max_size=70),
)
NAMES = st.one_of(
    st.sampled_from(
        ["_count", "_sort", "_include", "_revinclude", "_has:Observation:subject:code", "_summary", "_elements", "_format",
         "_pretty", "_since", "_at", "_cursor", "_total", "_type", "_id", "name", "name:exact", "birthdate", "identifier",
         "value-quantity", "subject:Patient.name", "code:in", "near", "_lastUpdated", "_tag:not", "date:missing"]
    ),
    st.text(max_size=20),
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["-1", "0", "json", "xml", "true", "ge2020", "|", "a|b", ",", "\\", "Patient/1", "urn:x", "1e400"]),
    st.text(max_size=30),
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=20)
)
KEYS = st.one_of(
    st.sampled_from(
        ["resourceType", "id", "meta", "extension", "name", "family", "birthDate", "_birthDate", "contained", "text", "div",
         "entry", "request", "method", "url", "type", "resource", "fullUrl", "reference", "subject", "value", "data",
         "parameter", "part", "valueString", "op", "path", "from", "code", "system", "ifNoneExist", "tag", "profile"]
    ),
    st.text(max_size=8),
)  # fmt: skip
TREES = st.recursive(
    st.one_of(SCALARS, TYPES, st.sampled_from(["transaction", "batch", "POST", "PUT", "add", "/name", "Patient/1"])),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
CONTENT_TYPES = st.sampled_from(
    ["application/fhir+json", "application/fhir+xml", "application/json-patch+json", "application/x-www-form-urlencoded",
     "text/plain", "application/json", "application/xml-patch+xml", "", "application/pdf"]
)  # fmt: skip
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FOO"])
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "If-Match": st.sampled_from(['W/"1"', "*", "x", ""]),
        "If-None-Match": st.sampled_from(['W/"1"', "*", ",", "x"]),
        "If-Modified-Since": st.sampled_from(["Sat, 01 Jan 2000 00:00:00 GMT", "x"]),
        "If-None-Exist": st.sampled_from(["identifier=a|b", "name", "?", "Patient?name=x", "_count=1", "foo=1"]),
        "Prefer": st.sampled_from(["return=minimal", "handling=strict", "return=OperationOutcome;x", ","]),
        "Accept": st.sampled_from(["application/fhir+xml", "*/*;q=x", "image/png", ";", "text/html"]),
        "Accept-Encoding": st.sampled_from(["gzip", "", "gzip;q=0"]),
        "Content-Encoding": st.sampled_from(["gzip", "br"]),
        "X-Security-Context": st.sampled_from(["Patient/1", "x y", ""]),
    },
)


@FUZZ
@given(
    method=METHODS,
    segments=st.lists(SEGMENTS, max_size=5),
    query=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    headers=HEADERS,
    content_type=CONTENT_TYPES,
    body=st.one_of(st.binary(max_size=200), TREES),
)
async def test_no_request_is_a_500(
    client: AsyncClient,
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    content_type: str,
    body: Any,
):
    path = "/".join(quote(segment, safe="$*") for segment in segments)
    address = f"http://test.example/fhir/{path}?{'&'.join(f'{quote(name)}={quote(value)}' for name, value in query)}"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = await client.request(method, address, content=content, headers={**headers, "Content-Type": content_type})
    assert response.status_code < 500, response.text


@FUZZ
@given(
    kind=TYPES,
    identifier=st.sampled_from(["1", "2"]),
    members=st.dictionaries(KEYS, TREES, max_size=5),
    write=st.sampled_from(["POST", "PUT", "PATCH", "BUNDLE"]),
)
async def test_no_resource_is_a_500(
    client: AsyncClient, kind: str, identifier: str, members: dict[str, Any], write: str
):
    resource = {**members, "resourceType": kind, "id": identifier}
    headers = {"Content-Type": "application/fhir+json"}
    if write == "BUNDLE":
        entry = {"resource": resource, "request": {"method": "PUT", "url": f"{kind}/{identifier}"}}
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
        response = await client.post("/", json=bundle, headers=headers)
    else:
        address = f"/{kind}" if write == "POST" else f"/{kind}/{identifier}"
        response = await client.request(write, address, json=resource, headers=headers)
    assert response.status_code < 500, response.text


@FUZZ
@given(patch=st.lists(st.dictionaries(KEYS, TREES, max_size=4), max_size=3), fhirpath=st.booleans())
async def test_no_patch_is_a_500(client: AsyncClient, patch: list[Any], fhirpath: bool):
    await client.put("/Patient/1", json={"resourceType": "Patient", "id": "1", "name": [{"family": "x"}]})
    body = {"resourceType": "Parameters", "parameter": patch} if fhirpath else patch
    content_type = "application/fhir+json" if fhirpath else "application/json-patch+json"
    response = await client.patch("/Patient/1", content=json.dumps(body), headers={"Content-Type": content_type})
    assert response.status_code < 500, response.text
