"""What the author of a plugin tests with: the whole server, on a PostgreSQL of its own, and a client of it."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from usager_server.app import create_app
from usager_server.http.observability import App
from usager_server.repository.opening import running
from usager_server.settings import Settings

HOST = "http://localhost"
FHIR_JSON = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}


@asynccontextmanager
async def running_server(profiles: str = "", **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """Start a server with these profiles on an empty database, and yield a client bound to its FHIR base.

    Shape   profiles as in USAGER_PROFILES; settings by the names of `settings.py`. `await client.get("Patient/1")` is a
            read. No socket is opened.
    Time    about 3 s for the PostgreSQL, which lives in a temporary folder and is stopped at the end.
    Errors  PluginError when the profiles cannot be served; SettingsError's cause when a setting is wrong.
    """
    with tempfile.TemporaryDirectory(prefix="usager-testing-") as folder:
        chosen = Settings(data_dir=Path(folder), profiles=profiles, log_level="warning", **settings)
        database = running(chosen)
        await asyncio.to_thread(database.__enter__)
        try:
            async with client_of(create_app(chosen), f"{HOST}/fhir/", FHIR_JSON) as client:
                yield client
        finally:
            await asyncio.to_thread(database.__exit__, None, None, None)


@asynccontextmanager
async def client_of(
    app: App, base: str = HOST, headers: Mapping[str, str] | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    """Start an application, and yield a client of it that needs no socket; addresses are relative to the base."""
    to_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    from_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    life = asyncio.ensure_future(app(scope, to_app.get, from_app.put))
    await to_app.put({"type": "lifespan.startup"})
    await from_app.get()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=base, headers=headers) as client:
        yield client
    await to_app.put({"type": "lifespan.shutdown"})
    await life
