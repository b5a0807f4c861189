"""Puts the house together; decides nothing."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
import structlog
from fastapi import FastAPI

from usager_server import __version__
from usager_server.access.reach import Reaches
from usager_server.birthplaces.current import Birthplaces
from usager_server.definitions import Definitions, load
from usager_server.environment import load_settings
from usager_server.errors import Unavailable
from usager_server.http.context import Context, context
from usager_server.http.forwarding import ForwardedFor
from usager_server.http.front import Front, LoopbackOnly
from usager_server.http.metrics import SharedTally, counts_folder
from usager_server.http.observability import App, Observed
from usager_server.http.pace import pace
from usager_server.http.pages import Pages, openapi_text
from usager_server.http.requirements_page import asked_of
from usager_server.http.routes import FHIRDoor
from usager_server.http.tracing import Tracer
from usager_server.indicators.evaluate_operation import evaluate_measure
from usager_server.interactions.capabilities import capability_text
from usager_server.interactions.dispatch import INTERACTIONS
from usager_server.interactions.links import Links
from usager_server.interactions.session import House
from usager_server.logs import set_up_logs
from usager_server.networks import parse_networks
from usager_server.offer import by_name, search_parameter, served, supported
from usager_server.operations.break_glass import break_glass_operation
from usager_server.operations.cda_to_fhir import cda_to_fhir
from usager_server.operations.cda_validate import cda_validate
from usager_server.operations.diffusion import tell_diffusion_operation
from usager_server.operations.document import compose_document
from usager_server.operations.everything import everything
from usager_server.operations.expand import expand
from usager_server.operations.extract import extract
from usager_server.operations.fhir_to_cda import fhir_to_cda
from usager_server.operations.import_cda import import_cda
from usager_server.operations.lookup import lookup
from usager_server.operations.match import match_operation
from usager_server.operations.merge import merge_operation
from usager_server.operations.meta import meta, meta_add, meta_delete
from usager_server.operations.prefill import prefill
from usager_server.operations.render import render_document
from usager_server.operations.unmerge import unmerge_operation
from usager_server.operations.vaccination_schedule import vaccination_schedule
from usager_server.operations.validate import validate
from usager_server.operations.validate_code import code_system_validate_code, value_set_validate_code
from usager_server.plugins import PluginError, Plugins, activate, inactive, installed
from usager_server.repository import Repository, index_editions
from usager_server.repository.cog_editions import latest_edition
from usager_server.repository.connections import Connection
from usager_server.repository.opening import open_store, readiness
from usager_server.repository.postgres import PostgresStore
from usager_server.repository.postgres_errors import DATABASE_ERRORS
from usager_server.repository.search_sql import PostgresSearch
from usager_server.search.editions import numbered, reasons
from usager_server.search.parameters import SearchRegistry, nothing_off
from usager_server.settings import Settings
from usager_server.terminology import Library
from usager_server.traces.act import Act
from usager_server.validation.validator import HouseValidator

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from usager_server.authorization.signed_in import Sessions
    from usager_server.http.sign_in.desk import Desk

OPERATIONS = (
    break_glass_operation,
    cda_to_fhir,
    cda_validate,
    code_system_validate_code,
    compose_document,
    tell_diffusion_operation,
    everything,
    expand,
    extract,
    fhir_to_cda,
    import_cda,
    lookup,
    match_operation,
    merge_operation,
    meta,
    meta_add,
    meta_delete,
    prefill,
    render_document,
    unmerge_operation,
    vaccination_schedule,
    validate,
    value_set_validate_code,
)
WARM_AFTER_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 60.0

log = structlog.get_logger()

Stores = Callable[[int, Act | None], Repository]


def from_environment() -> App:
    """Return the application that the environment describes, logs included: what a worker process runs."""
    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format)
    app = create_app(settings)
    spare_the_collector()
    return app


def spare_the_collector() -> None:
    """Have the garbage collector look seldom, and not at what lives as long as the process.

    A parsed resource is a tree without cycles: it is freed when it is let go of. Looking for cycles among the
    definitions at every few hundred of its objects was a tenth of the cost of an import.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def create_app(settings: Settings, sessions: "Sessions | None" = None) -> App:
    """Return the application: the FHIR door under /fhir, the pages beside it, and what watches both.

    Shape   sessions says who is signed in, for tests; None: the desk where people sign in does.
    """
    plugins, definitions = activate(settings.profile_keys), load()
    store = open_store(settings, definitions.type_numbers)
    house = build_house(settings, plugins, definitions, store.repository)
    store.searching = PostgresSearch(house.registry)
    tally = SharedTally(counts_folder(settings))
    desk = None
    more: list[BaseRoute] = []
    if settings.auth != "off":
        from usager_server.signing_in import SessionsForAuthorization, desk_routes, open_desk

        desk = open_desk(settings, store)
    if desk is not None and settings.auth == "smart":
        from usager_server.authorizing import behind_proxies, open_authorizing, open_to_pages

        callers, more = open_authorizing(settings, store, house, sessions or SessionsForAuthorization(desk))
    else:
        callers = context(settings)
    if desk is not None:
        more = [*more, *desk_routes(desk, callers)]
    pages: App = FastAPI(
        title="Usager",
        version=__version__,
        routes=[*_pages(house, callers, plugins, store, tally).routes(), *more],
        lifespan=_lifespan(house, store, desk),
        openapi_url=None,  # ours describes FHIR: `openapi/`
        redirect_slashes=False,  # behind a proxy that ends TLS it would lead to http
    )
    if desk is not None:
        from usager_server.http.knocking import Knocks

        pages = Knocks(pages, settings, store.take, store.give_back)
    app: App = Front(FHIRDoor(house, callers, pace=pace(settings, store.take)), pages)
    if settings.auth == "off":
        app = LoopbackOnly(app, settings.base_url)
    if proxies := parse_networks(settings.trusted_proxies):
        app = ForwardedFor(app, proxies)
    if settings.auth == "smart":
        app = open_to_pages(behind_proxies(app, settings), store)
    tracer = Tracer(settings.otel_endpoint, __version__) if settings.otel_endpoint else None
    return Observed(app, tally, stream=_request_log(settings), tracer=tracer, is_secure=settings.is_secure)


def _request_log(settings: Settings) -> BinaryIO | None:
    return sys.stdout.buffer if settings.log_level in ("debug", "info") else None


def build_house(settings: Settings, plugins: Plugins, definitions: Definitions, repository: Stores) -> House:
    """Return what is the same for every request. Errors: PluginError when a plugin claims what R4 or another has."""
    known_only = settings.file_types == "known"
    validator = HouseValidator(definitions, plugins.conformance_resources, known_files_only=known_only)
    operations = [*OPERATIONS, *plugins.operations, evaluate_measure(plugins.indicators)]
    off = inactive(plugins)
    registry = _registry(definitions, plugins, settings, off.told)
    birthplaces = Birthplaces()
    return House(
        settings=settings,
        definitions=definitions,
        registry=registry,
        validator=validator,
        repository=repository,
        interactions=INTERACTIONS,
        library=Library(definitions, validator.conformance.resources, birthplaces.code_systems()),
        birthplaces=birthplaces,
        links=Links(definitions),
        reaches=Reaches(registry),
        operations=by_name(operations),
        inactive=off.told,
        profiles=plugins.profiles,
        supported_profiles=supported(validator),
        served=served(
            [
                *(it.definition for it in operations),
                *plugins.search_parameters,
                *(it.measure for it in plugins.indicators),
            ],
            validator,
        ),
    )


def openapi_files(settings: Settings) -> Mapping[str, bytes]:
    """Return the OpenAPI document and its examples as files, by relative path; needs no database."""
    from usager_server.openapi import build_openapi, examples
    from usager_server.openapi.oauth import authorization_document
    from usager_server.openapi.signing_in import sign_in_document

    house = build_house(settings, activate(settings.profile_keys), load(), no_store)
    documents = {
        "openapi.json": build_openapi(house),
        "authorization.json": authorization_document(__version__),
        "sign-in.json": sign_in_document(__version__),
    }
    option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    written = {name: orjson.dumps(document, option=option) for name, document in documents.items()}
    return {**written, **{f"examples/{name}": text for name, text in examples().items()}}


def no_store(tenant: int, act: Act | None = None) -> Repository:
    """Refuse: for what is made of a house without being served."""
    raise Unavailable(f"There is no store here for tenant {tenant}")


def _pages(house: House, callers: Context, plugins: Plugins, store: PostgresStore, tally: SharedTally) -> Pages:
    @cache
    def document() -> dict[str, Any]:
        from usager_server.openapi import build_openapi

        return build_openapi(house)

    return Pages(
        house=house,
        context=callers,
        readiness=lambda: readiness(store),
        tally=tally,
        gauges=lambda: gauges(store, house.settings),
        others=[key for key in installed() if key not in plugins.active],
        openapi=lambda base: openapi_text(document(), base),
        requirements=asked_of(house.profiles, plugins.requirements),
    )


async def gauges(store: PostgresStore, settings: Settings) -> Mapping[str, float]:
    """Return what is measured when somebody asks for the metrics."""
    from usager_server.national.insi.verifying.gauge import gauges as insi_gauges

    return {**store.connections.gauges(), **backup_gauges(settings), **await insi_gauges(store.connections, settings)}


def backup_gauges(settings: Settings) -> dict[str, float]:
    """Return how old the newest backup is, when there is a folder for them."""
    if settings.backup_folder is None:
        return {}
    from usager_server.backup.shelf import Shelf

    return {"backup_age_seconds": Shelf(settings.backup_folder).age_seconds(datetime.now(UTC))}


def _lifespan(house: House, store: PostgresStore, desk: "Desk | None") -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        with suppress(Unavailable):  # waited for once; `/ready` says that it is not there
            async with store.connections.borrowed() as connection:
                await _take_birthplaces(house, connection)
                await _declare_index(house, connection)
        behind = [asyncio.create_task(each) for each in (_warm(house), _watch_index(house, store))]
        yield
        for task in behind:
            task.cancel()
        for task in behind:
            with suppress(asyncio.CancelledError):
                await task
        if desk is not None and desk.psc is not None:
            await desk.psc.provider.close()
        await store.connections.close()

    return lifespan


async def _take_birthplaces(house: House, connection: Connection) -> None:
    """Use the edition of the COG that was imported last, in the place of the one shipped."""
    kept = await latest_edition(connection)
    if kept is not None:
        house.birthplaces.use(kept.content)


async def _declare_index(house: House, connection: Connection) -> None:
    """Note by what this server indexes what it writes, and say what was stored before and is to be indexed anew."""
    with suppress(*DATABASE_ERRORS):
        due = await index_editions.declare(connection, numbered(house.registry))
        house.unfinished.take(house.registry, due)
        for sentence in reasons(house.registry, due):
            log.warning(sentence)


async def _watch_index(house: House, store: PostgresStore) -> None:
    """Look now and then whether all is indexed anew, as long as it was not: searches tell until then."""
    while house.unfinished:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        with suppress(*DATABASE_ERRORS, Unavailable):
            async with store.connections.borrowed() as connection:
                house.unfinished.take(house.registry, await index_editions.due(connection))


async def _warm(house: House) -> None:
    """Make the CapabilityStatement, which compiles every search parameter, before someone asks for it."""
    await asyncio.sleep(WARM_AFTER_SECONDS)
    await asyncio.to_thread(capability_text, house)


def search_registry(settings: Settings) -> SearchRegistry:
    """Return the search parameters that are on, without the rest of the house."""
    return _registry(load(), activate(settings.profile_keys), settings, nothing_off)


def _registry(
    definitions: Definitions, plugins: Plugins, settings: Settings, off: Callable[[str], str | None]
) -> SearchRegistry:
    extra = [search_parameter(resource, definitions) for resource in plugins.search_parameters]
    try:
        return SearchRegistry(definitions, extra, base_url=settings.base_url, inactive=off)
    except ValueError as error:
        raise PluginError(str(error)) from error
