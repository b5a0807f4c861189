"""A stand-in that says what it was sent: it shows the frame, and plays no service."""

import json
from typing import Any

from usager_server.sandbox.stand_in import Answer, Received, StandIn

echo = StandIn("echo", "Écho", "tests.sandbox.echo:Echo", {"echo_url": "/base"})
other = StandIn("other", "Autre écho", "tests.sandbox.echo:Echo")
broken = StandIn("broken", "Cassé", "tests.sandbox.echo:Missing")
crashing = StandIn("crashing", "Parti", "tests.sandbox.echo:Crashing")


class Echo:
    """Answers with what it was sent and what it was seeded with."""

    def __init__(self) -> None:
        self.word = "nothing"

    def reset(self) -> None:
        """Forget the word."""
        self.word = "nothing"

    def seed(self, data: Any) -> None:
        """Take a word."""
        if not isinstance(data, str):
            raise ValueError("a word is a string")
        self.word = data

    async def answer(self, request: Received) -> Answer:
        """Answer."""
        if request.path.endswith("/raise"):
            raise KeyError("defect")
        content = {"word": self.word, "sent": len(request.body), "path": request.path}
        if request.certificate is not None:
            content["certificate"] = len(request.certificate)
        return Answer(200, json.dumps(content).encode(), {"Content-Type": "application/json"})


class Crashing:
    """Ends the process before it says anything."""

    def __init__(self) -> None:
        raise SystemExit(3)
