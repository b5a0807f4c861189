"""What is put to the proof: a FHIR base URL, and the sandbox that plays the national services for it."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from usager_server.conformity.errors import ConformityError

FHIR_VERSION = "4.0.1"
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Target:
    """The server to prove, over HTTP only.

    Shape   base_url is the FHIR base, without a slash at the end; sandbox_url is the control API of the sandbox that
            the server was started with, or empty when there is none. master_token is that of the software that is
            master of identities, where the server has one.
    """

    base_url: str
    token: str = field(default="", repr=False)
    sandbox_url: str = ""
    master_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Software:
    """What a server says of itself in its CapabilityStatement."""

    name: str
    version: str


def identify(target: Target) -> Software:
    """Return what stands at the base URL. Errors: ConformityError when nobody answers, or it is no FHIR R4 server."""
    transport = httpx.HTTPTransport()  # as the scenarios speak: to the server itself, whatever proxy is set
    with httpx.Client(timeout=TIMEOUT_SECONDS, headers=_headers(target), transport=transport) as client:
        statement = _statement(client, target.base_url)
        if statement is None:
            beside = _statement(client, f"{target.base_url}/fhir")
            hint = f"; did you mean {target.base_url}/fhir?" if beside else "; give the address before /metadata"
            raise ConformityError(f"{target.base_url} is not the base of a FHIR server{hint}")
        if statement.get("fhirVersion") != FHIR_VERSION:
            told = statement.get("fhirVersion")
            raise ConformityError(f"{target.base_url} speaks FHIR {told}; the scenarios are for {FHIR_VERSION} (R4)")
        _refuse_closed_door(client, target)
        if target.sandbox_url:
            _refuse_no_sandbox(client, target.sandbox_url)
    software = statement.get("software") or {}
    return Software(str(software.get("name", "?")), str(software.get("version", "?")))


def _headers(target: Target) -> dict[str, str]:
    bearer = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    return {"Accept": "application/fhir+json", **bearer}


def _statement(client: httpx.Client, base_url: str) -> dict[str, Any] | None:
    """Return the CapabilityStatement, or None when what answers is none."""
    answer = _get(client, f"{base_url}/metadata")
    try:
        found = answer.json()
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("resourceType") == "CapabilityStatement" else None


def _refuse_closed_door(client: httpx.Client, target: Target) -> None:
    status = _get(client, f"{target.base_url}/Patient?_count=0").status_code
    if status in (401, 403):
        wrong = "refuses this token" if target.token else "wants a token: give --token-file"
        raise ConformityError(f"{target.base_url} {wrong} (GET Patient answers {status})")


def _refuse_no_sandbox(client: httpx.Client, url: str) -> None:
    try:
        known = _get(client, url).json().keys() >= {"stand_ins"}
    except (ValueError, AttributeError):
        known = False
    if not known:
        raise ConformityError(f"{url} is not the control API of a sandbox: usager sandbox prints its address")


def _get(client: httpx.Client, url: str) -> httpx.Response:
    try:
        return client.get(url)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise ConformityError(f"nobody answers at {url}: is the server started? ({type(error).__name__})") from error
