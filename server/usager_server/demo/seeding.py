"""Brings the demonstration into a running server, over HTTP as any client would."""

from datetime import UTC, datetime

import httpx

from usager_server.demo.people import demonstration
from usager_server.jsontext import build_json

SEED_SECONDS = 60


def seed(base_url: str, *, token: str | None = None) -> int:
    """Create what is not there yet of the demonstration, and return how many resources were created.

    Errors  httpx.HTTPError when the server is down or refuses.
    """
    headers = {"Content-Type": "application/fhir+json", "Prefer": "return=minimal"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = build_json(demonstration(datetime.now(UTC).date()))
    answer = httpx.post(base_url, content=body, headers=headers, timeout=SEED_SECONDS)
    answer.raise_for_status()
    return sum(entry["response"]["status"].startswith("201") for entry in answer.json()["entry"])
