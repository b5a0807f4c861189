"""Puts the house together; decides nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from fastapi import FastAPI

from usager_server.definitions import load
from usager_server.http.context import context
from usager_server.http.routes import FHIRDoor
from usager_server.interactions.session import House
from usager_server.operations.everything import everything
from usager_server.operations.meta import meta, meta_add, meta_delete
from usager_server.repository.opening import open_store, running
from usager_server.search.parameters import SearchRegistry
from usager_server.settings import Settings, load_settings
from usager_server.validation.validator import HouseValidator

OPERATIONS = (everything, meta, meta_add, meta_delete)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application: the FHIR door under /fhir."""
    settings = settings or load_settings()
    house = build_house(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            await asyncio.to_thread(stack.enter_context, running(settings))
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.mount("/fhir", FHIRDoor(house, context(settings)))
    return app


def from_environment() -> FastAPI:
    """Return the application that the environment describes."""
    return create_app(load_settings())


def build_house(settings: Settings) -> House:
    """Return what is the same for every request."""
    definitions = load()
    store = open_store(settings, definitions.type_numbers)
    return House(
        settings=settings,
        definitions=definitions,
        registry=SearchRegistry(definitions, base_url=settings.base_url),
        validator=HouseValidator(definitions),
        repository=store.repository,
        operations={(None, operation.code): operation for operation in OPERATIONS},
    )
