"""The page /requirements: where the requirements of the active profiles stand, for people and as JSON."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from usager_server import __released__, __version__
from usager_server.profile import Profile
from usager_server.requirements.ledger import STATUSES
from usager_server.requirements.report import IN_FRENCH, as_record, by_title
from usager_server.requirements.standing import Standing, concerning

if TYPE_CHECKING:
    from jinja2 import Environment

FORMS = ("html", "json")
IN_FORCE = tuple(status for status in STATUSES if status != "retired")


@dataclass(frozen=True, slots=True)
class RequirementsPage:
    """Shows requirements. Shape: every holds those in force that concern the active profiles."""

    profiles: Sequence[Profile]
    every: Sequence[Standing]
    templates: "Callable[[], Environment]"
    headers: dict[str, str]

    async def show(self, request: Request) -> Response:
        """Answer with the page to a browser, with JSON to anyone else; `?status=` keeps those that stand there."""
        status, form = request.query_params.get("status", ""), request.query_params.get("format", "")
        if status and status not in IN_FORCE:
            return _refused("status", status, IN_FORCE)
        if form and form not in FORMS:
            return _refused("format", form, FORMS)
        shown = [it for it in self.every if not status or it.line.status == status]
        if form == "html" or (not form and "text/html" in request.headers.get("accept", "")):
            return await self._page(shown, status)
        return JSONResponse(self._as_json(shown), headers={"X-Content-Type-Options": "nosniff"})

    async def _page(self, shown: Sequence[Standing], status: str) -> Response:
        html = (
            await self.templates()
            .get_template("requirements.html")
            .render_async(
                version=__version__,
                released=date.fromisoformat(__released__).strftime("%d/%m/%Y"),
                profiles=self.profiles,
                total=len(self.every),
                counts=self._counts(),
                words=IN_FRENCH,
                status=status,
                groups=[(title, list(group)) for title, group in by_title(shown)],
            )
        )
        return HTMLResponse(html, headers=self.headers)

    def _as_json(self, shown: Sequence[Standing]) -> dict[str, Any]:
        return {
            "version": __version__,
            "profiles": [profile.key for profile in self.profiles],
            "counts": self._counts(),
            "requirements": [as_record(it) for it in shown],
        }

    def _counts(self) -> dict[str, int]:
        counts = Counter(it.line.status for it in self.every)
        return {status: counts[status] for status in IN_FORCE}


def asked_of(profiles: Sequence[Profile], every: Sequence[Standing]) -> list[Standing]:
    """Return what a product with these profiles must answer for, in the order of the référentiel."""
    return [it for it in concerning([profile.key for profile in profiles], every) if it.line.status in IN_FORCE]


def _refused(name: str, value: str, possible: Sequence[str]) -> Response:
    return JSONResponse({"error": f"{name} is {value[:80]!r}; it must be {', '.join(possible)}"}, 400)
