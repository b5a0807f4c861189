"""`python -m tests.bench.reach`: what a grant costs, one run: the same requests by callers of different grants.

The same server, the same requests, one grant after the other in turns, so that the machine's moods fall on all alike.
Figures are CPU milliseconds per request, server and database together.
"""

import argparse
import http.client
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.accounting import Meter
from tests.live import LiveServer
from tests.private_files import private_file

PERSONS = 400
OBSERVATIONS = 10
GRANTS = {
    "everything": "",
    "system/*.cruds": " | system/*.cruds",
    "patient/*.cruds": " | patient/*.cruds patient=p7",
    "patient/*.cruds, a structure": " | patient/*.cruds patient=p7 structure=s1 practitioner=Practitioner/d",
    "user/*.cruds, a structure": " | user/*.cruds structure=s1 practitioner=Practitioner/d",
}
STRUCTURES = 4
"""Each person is of one of so many structures, by turns: p7 of s3, like every fourth."""

DONE = (200, 201)
RATE = "1000000"
"""Requests a minute that nobody here comes near."""

Request = tuple[str, str, Any]


def observation(person: str) -> dict[str, Any]:
    """Return a small Observation."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]},
        "subject": {"reference": f"Patient/{person}"},
        "valueQuantity": {"value": 120, "unit": "mmHg"},
    }


# p7 is in reach of all the grants: its structure is s1.
REQUESTS: dict[str, Callable[[int], Request]] = {
    "read": lambda _: ("GET", "/Observation/p7-0", None),
    "search": lambda _: ("GET", "/Observation?subject=Patient/p7&_count=10", None),
    "search of a code, sorted": lambda _: ("GET", "/Observation?code=8480-6&_sort=-_lastUpdated&_count=10", None),
    "create": lambda _: ("POST", "/Observation", observation("p7")),
    "update": lambda _: ("PUT", "/Observation/p7-1", {**observation("p7"), "id": "p7-1"}),
}


class Client:
    """One connection that says who it is."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}

    def send(self, request: Request) -> int:
        """Return the status of the answer, its body read."""
        method, path, body = request
        content = None if body is None else json.dumps(body)
        self._connection.request(method, f"/fhir{path}", content, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def seeded(client: Client) -> None:
    """Store the persons, the last structure taking those that are left."""
    for start in range(0, PERSONS, 50):
        entries = []
        for number in range(start, min(start + 50, PERSONS)):
            name = f"p{number}"
            of = {"managingOrganization": {"reference": f"Organization/s{(number + 2) % STRUCTURES}"}}
            entries.append({"resourceType": "Patient", "id": name, **of})
            entries += [{**observation(name), "id": f"{name}-{each}"} for each in range(OBSERVATIONS)]
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [
                {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
                for each in entries
            ],
        }
        assert client.send(("POST", "", bundle)) == 200


def measured(server: LiveServer, token: str, kind: str, count: int) -> float:
    """Return CPU milliseconds per request, on a connection of its own."""
    make, client = REQUESTS[kind], Client(server.port, token)
    assert client.send(make(0)) in DONE, kind
    meter = Meter(server)
    for number in range(count):
        assert client.send(make(number)) in DONE, kind
    return sum(meter.spent().per_request_ms(count))


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.reach", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=300, help="of each kind and grant, in a round")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="usager-bench-") as folder:
        tokens = {grant: f"{number:032d}" for number, grant in enumerate(GRANTS)}
        lines = [f"{tokens[grant]} 1 bearer-{number}{more}" for number, (grant, more) in enumerate(GRANTS.items())]
        file = private_file(Path(folder) / "tokens", "\n".join(lines))
        settings = {"auth": "token", "token_file": str(file), "requests_per_minute": RATE, "log_level": "warning"}
        with LiveServer(Path(folder) / "data", **settings) as server:
            seeded(Client(server.port, tokens["everything"]))
            for kind in REQUESTS:
                best = dict.fromkeys(GRANTS, float("inf"))
                for _ in range(asked.rounds):
                    for grant, token in tokens.items():
                        best[grant] = min(best[grant], measured(server, token, kind, asked.requests))
                whole = best["everything"]
                figures = "  ".join(f"{grant}: {ms:.2f} ms ({ms / whole:.2f})" for grant, ms in best.items())
                print(f"{kind:26} {figures}", flush=True)


if __name__ == "__main__":
    main()
