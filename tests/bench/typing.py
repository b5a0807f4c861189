"""`python -m tests.bench.typing`: how long the answers of `$expand` take while someone types, over HTTP, one at a time.

A real server in its own process on an embedded, durable PostgreSQL. Wall time as the client sees it, a new connection
never, so that what is measured is the server and its database.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from tests.live import LiveServer

VACCINES = "https://usager.example/fhir/ValueSet/vaccins"
ACTS = "http://terminology.hl7.org/ValueSet/v3-ActCode"
PLACES = "https://hl7.fr/ig/fhir/core/ValueSet/fr-core-vs-cog-commune-pays"
NAMES = ("paris", "saint denis", "villeneuve", "l hay", "beaumont", "marseille", "la rochelle", "maroc")
TYPED = ("grippe", "hepatite", "vaxigriptetra", "tetanos polio", "meningocoque", "hpv", "rougeole", "covid")
ROUNDS, WARM_UP = 20, 3


def beginnings(texts: Sequence[str]) -> Iterator[str]:
    """Yield what a field sends as its user types: each text letter by letter."""
    for text in texts:
        yield from (text[:length] for length in range(1, len(text) + 1))


def taken_ms(client: httpx.Client, url: str, texts: Sequence[str] = TYPED, **more: str) -> list[float]:
    """Return the time of each answer, sorted."""
    taken = []
    for turn in range(ROUNDS + WARM_UP):
        for text in beginnings(texts):
            began = time.perf_counter()
            answer = client.get("/ValueSet/$expand", params={"url": url, "filter": text, "count": 20, **more})
            answer.raise_for_status()
            if turn >= WARM_UP:
                taken.append((time.perf_counter() - began) * 1e3)
    return sorted(taken)


def stored_list(client: httpx.Client, size: int) -> str:
    """Store a code system of that size with a value set of it; return the canonical of the value set."""
    concepts = [{"code": f"c{number}", "display": f"{TYPED[number % 8]} {number}"} for number in range(size)]
    system = {"resourceType": "CodeSystem", "url": "urn:example:large", "status": "active", "content": "complete"}
    listed = {"resourceType": "ValueSet", "url": "urn:example:large-list", "status": "active"}
    for resource in ({**system, "concept": concepts}, {**listed, "compose": {"include": [{"system": system["url"]}]}}):
        client.post(f"/{resource['resourceType']}", json=resource).raise_for_status()
    return str(listed["url"])


def main() -> None:
    """Measure and print the table."""
    table = Table("value set", "answers", "median ms", "p95 ms", "slowest ms")
    with tempfile.TemporaryDirectory() as folder:
        server = LiveServer(Path(folder)).start()
        try:
            with httpx.Client(base_url=server.base, timeout=60) as client:
                large = stored_list(client, 40_000)
                works = {
                    "vaccines": taken_ms(client, VACCINES),
                    "v3-ActCode": taken_ms(client, ACTS),
                    "places of birth, on a day": taken_ms(client, PLACES, NAMES, date="1950-03-02"),
                    "stored, 40,000 codes": taken_ms(client, large),
                }
                for name, taken in works.items():
                    ends = (statistics.median(taken), taken[int(len(taken) * 0.95)], taken[-1])
                    table.add_row(name, str(len(taken)), *(f"{each:.1f}" for each in ends))
        finally:
            server.stop()
    Console().print(table)


if __name__ == "__main__":
    main()
