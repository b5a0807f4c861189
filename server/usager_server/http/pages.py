"""What is served besides FHIR: the landing page, the documentation, and what supervisors ask."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server import __released__, __version__
from usager_server.caller import Caller
from usager_server.errors import Forbidden, LoginRequired, operation_outcome
from usager_server.http.context import DEFAULT_TENANT, Context
from usager_server.http.metrics import SharedTally
from usager_server.http.requirements_page import RequirementsPage
from usager_server.http.templating import templates
from usager_server.interactions.request import FHIR_JSON
from usager_server.interactions.session import House
from usager_server.jsontext import build_json
from usager_server.requirements.standing import Standing

ENDS = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
SECURITY_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'self'; img-src 'self' data:; {ENDS}",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# Swagger UI is the one script here: it writes styles of its own, and calls this server.
DOCUMENTATION_HEADERS = SECURITY_HEADERS | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    f"img-src 'self' data:; connect-src 'self'; {ENDS}",
}
OURS = ("landing.css", "authorize.css", "requirements.css", "sign_in.css", "docs.css", "docs.js", "usager.svg")
SWAGGER = ("swagger-ui.css", "swagger-ui-bundle.js")
ONE_HOUR = {"Cache-Control": "public, max-age=3600"}

Gauges = Callable[[], Awaitable[Mapping[str, float]]]
Readiness = Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages show.

    Shape   readiness says what is missing, or None when everything answers; others are the installed profiles that are
            off; openapi makes the description for an address; requirements are those of the active profiles. context
            says who may see the metrics: they tell how busy an installation is, the other pages only what it can do.
    """

    house: House
    context: Context
    readiness: Readiness
    tally: SharedTally
    gauges: Gauges
    others: Sequence[str]
    openapi: Callable[[str], bytes]
    requirements: Sequence[Standing]

    async def landing(self, request: Request) -> Response:
        """Show people where they are and what to try first."""
        html = (
            await templates()
            .get_template("landing.html")
            .render_async(
                version=__version__,
                ready=await self.readiness() is None,
                auth=self.house.settings.auth,
                base=self._base(request),
                bearer=" -H 'Authorization: Bearer …'" if self.house.settings.auth == "token" else "",
                profiles=self.house.profiles,
                imports_cda=("DocumentReference", "import-cda") in self.house.operations,
                others=self.others,
            )
        )
        return HTMLResponse(html, headers=SECURITY_HEADERS)

    async def docs(self, _request: Request) -> Response:
        """Show the interactive documentation."""
        html = await templates().get_template("docs.html").render_async()
        return HTMLResponse(html, headers=DOCUMENTATION_HEADERS)

    async def describe(self, request: Request) -> Response:
        """Return the OpenAPI document, with the address it was asked at."""
        return Response(self.openapi(self._base(request)), media_type="application/json")

    async def version(self, _request: Request) -> Response:
        """Say which version this is, and of which day."""
        return JSONResponse({"name": "Usager", "version": __version__, "released": __released__})

    async def health(self, _request: Request) -> Response:
        """Say that the process lives; asks nothing of the database."""
        return JSONResponse({"status": "ok", "version": __version__}, headers={"Cache-Control": "no-store"})

    async def ready(self, _request: Request) -> Response:
        """Say whether requests can be served: 503 with the reason when not."""
        missing = await self.readiness()
        answer = {"status": "ready"} if missing is None else {"status": "not ready", "reason": missing}
        return JSONResponse(answer, 200 if missing is None else 503, headers={"Cache-Control": "no-store"})

    async def metrics(self, request: Request) -> Response:
        """Return the Prometheus exposition of all workers, to a program of the operator when tokens are wanted."""
        try:
            self._refuse_others(await self.context.caller(dict(request.headers.raw), ""))
        except (LoginRequired, Forbidden) as refusal:
            outcome = build_json(operation_outcome(refusal.issues))
            return Response(outcome, refusal.status, refusal.headers, FHIR_JSON)
        from usager_server.http.exposition import CONTENT_TYPE_LATEST, metrics_text

        text = metrics_text(self.tally.total(), await self.gauges())
        return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    def routes(self) -> list[BaseRoute]:
        """Return the routes of all pages."""
        requirements = RequirementsPage(self.house.profiles, self.requirements, templates, SECURITY_HEADERS)
        return [
            Route("/", self.landing),
            Route("/docs", self.docs),
            Route("/openapi.json", self.describe),
            Route("/requirements", requirements.show),
            Route("/version", self.version),
            Route("/health", self.health),
            Route("/ready", self.ready),
            Route("/metrics", self.metrics),
            Route("/static/{name}", static),
        ]

    def _refuse_others(self, caller: Caller) -> None:
        """Refuse the counts of the installation to an application of people, and to another organisation's client.

        Shape   of several organisations the first one runs the installation; the token file is the operator's.
        """
        grant, is_smart = caller.grant, self.house.settings.auth == "smart"
        for_somebody = grant.patient or grant.practitioner or grant.session or grant.roles is not None
        if for_somebody or (is_smart and caller.tenant != DEFAULT_TENANT):
            raise Forbidden("The metrics are about the whole installation: they are for a program of who runs it")

    def _base(self, request: Request) -> str:
        return self.house.settings.base_url or f"{str(request.base_url).rstrip('/')}/fhir"


async def static(request: Request) -> Response:
    """Return one of the files that the pages need."""
    path = _static_files().get(request.path_params["name"])
    if path is None:
        return JSONResponse({"status": "not found"}, 404)
    return FileResponse(path, headers={**ONE_HOUR, "X-Content-Type-Options": "nosniff"})


def openapi_text(document: Mapping[str, object], base: str) -> bytes:
    """Return an OpenAPI document as served at an address."""
    return orjson.dumps({**document, "servers": [{"url": base.removesuffix("/fhir") or "/"}]})


@cache
def _static_files() -> Mapping[str, Path]:
    """Return the files that may be served, by name. Of the package of Swagger UI, only the files are used."""
    spec = find_spec("fastapi_swagger")
    swagger = Path(spec.origin).parent / "resources" if spec and spec.origin else Path()
    ours = Path(str(files("usager_server.http").joinpath("static")))
    found = {name: ours / name for name in OURS} | {name: swagger / name for name in SWAGGER}
    return {name: path for name, path in found.items() if path.is_file()}
