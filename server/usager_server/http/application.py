"""The one application of the server: FHIR under its base, FastAPI for everything else."""

from typing import Any

from fastapi import FastAPI

from usager_server.http.replies import Send
from usager_server.http.routes import FHIRDoor, Receive, Scope


class Application(FastAPI):
    """FastAPI beside the FHIR door.

    Time    FHIR requests do not pass FastAPI's middleware and router, which cost more than a whole read.
    """

    def __init__(self, door: FHIRDoor, **options: Any) -> None:
        super().__init__(**options)
        self._door = door
        self._base = door.prefix
        self._below = f"{door.prefix}/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and (scope["path"].startswith(self._below) or scope["path"] == self._base):
            await self._door(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
