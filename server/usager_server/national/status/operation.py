"""$national-services-status: the link to the status page, and what it says, kept for a few seconds."""

import asyncio
import time
from datetime import UTC, datetime

import structlog

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.national.status.mapping import Reading, parameters_from_reading
from usager_server.national.status.messages import parse_summary
from usager_server.operations.definition import operation_definition, parameter
from usager_server.requirements import fulfils
from usager_server.settings import Settings

log = structlog.get_logger()

KEPT_SECONDS = 5.0

NOT_SET = "L'état des services n'est pas lu automatiquement : consultez la météo des services."
DOWN = "La météo des services ne répond pas : consultez-la directement, ou réessayez dans un instant."
UNREADABLE = "La réponse de la météo des services n'est pas lisible : consultez-la directement."

DEFINITION = operation_definition(
    "national-services-status",
    "Gives the link to the status page of the national services (météo des services), and the state of each service.",
    levels=["system"],
    parameters=[
        parameter("link", "url", "The status page, to be opened by a person", use="out", least=1),
        parameter(
            "state",
            "code",
            "Of all: operational | degraded | partial-outage | outage | maintenance | unknown",
            use="out",
            least=1,
        ),
        parameter("checked", "instant", "When the page was read", use="out"),
        parameter("message", "string", "What to tell the user when the state is unknown, in French", use="out"),
        {
            **parameter("service", "BackboneElement", "One service", use="out", most="*"),
            "part": [
                parameter("name", "string", "Its name on the page", use="out", least=1),
                parameter("state", "code", "Its state, one of those above", use="out", least=1),
                parameter("updated", "instant", "Since when", use="out"),
            ],
        },
    ],
)


class StatusPage:
    """The last look at the page; one look at a time, whatever the number of those who ask."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._reading = Reading(None, None)
        self._good_until = 0.0

    @fulfils("SC.STATPP.01")
    async def status(self, session: Session, _request: OperationRequest) -> Reply:
        """Return the link, always, and the state of the services, as far as it is known.

        Time    at once, or that of one look at the page (3 s at most) when the last one is too old.
        Source  référentiel DUI vague 2, 3.2.10 f.
        """
        settings = session.house.settings
        return Reply(resource=parameters_from_reading(settings.national_status_url, await self.read(settings)))

    async def read(self, settings: Settings) -> Reading:
        """Return the last reading, or a new one when that is too old."""
        if settings.national_status_summary_url is None:
            return Reading(None, None, NOT_SET)
        async with self._looking:
            if time.monotonic() >= self._good_until:
                self._reading = await _look(settings.national_status_summary_url, settings)
                self._good_until = time.monotonic() + KEPT_SECONDS
            return self._reading


async def _look(url: str, settings: Settings) -> Reading:
    from usager_server.national.status.client import fetch_summary  # its HTTP client is long to import
    from usager_server.national.trust import tls

    now = datetime.now(UTC)
    try:
        return Reading(parse_summary(await fetch_summary(url, tls(settings.authorities("national_status")))), now)
    except ServiceDown as error:
        log.warning("the status page of the national services is down", reason=str(error))
        return Reading(None, now, DOWN)
    except (ServiceRefused, ValueError) as error:
        log.warning("the status page of the national services cannot be read", reason=str(error))
        return Reading(None, now, UNREADABLE)


def national_services_status() -> Operation:
    """Return the operation, with a memory of its own."""
    return Operation(DEFINITION, StatusPage().status, needs={}, stands_alone=True)
