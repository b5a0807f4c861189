"""INSi for an operation: which way a caller goes, what of it is traced, what they are told when it fails."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from usager_server.accounts.rpps import is_rpps
from usager_server.errors import FHIRError, LoginRequired, ServiceDown, ServiceRefused, Unavailable, Unprocessable
from usager_server.interactions.identities import is_slave
from usager_server.interactions.session import OperationRequest, Session
from usager_server.jsontext import parse_json
from usager_server.national.insi.messages import Call
from usager_server.national.insi.proxy_sessions import ProxySessions
from usager_server.operations.parameters import given
from usager_server.traces.event import FAILED, SUCCESS, Event

if TYPE_CHECKING:
    from usager_server.national.insi.client import InsiClient
    from usager_server.national.insi.teleservice import Teleservice

WITHOUT_CERTIFICATE = "sans-certificat-ins"
NATIONAL_IDS, RPPS = "urn:oid:1.2.250.1.71.4.2.1", "https://rpps.esante.gouv.fr"

NOT_SET = "INSi n'est pas configuré : docs/ins.md dit quels réglages il demande"
IS_SLAVE = "Les identités viennent ici d'un autre logiciel (profil esclave-identite) : c'est lui qui interroge INSi"
DOWN = "INSi ne répond pas : l'identité garde son statut, réessayez dans un instant"
UNREADABLE = "La réponse d'INSi n'est pas lisible : l'identité garde son statut, prévenez l'administrateur"
SIGN_IN = "Connectez-vous d'abord à Pro Santé Connect par $proxy-connect : INSi est appelé en votre nom"
NO_ID = "Le paramètre nationalId dit pour quel professionnel INSi est appelé : son identifiant national"


class Calling:
    """What the operations share. Shape: teleservice is made when it is first asked for: its HTTP client is long to
    import."""

    def __init__(self) -> None:
        self._teleservice: Teleservice | None = None

    def teleservice(self, session: Session) -> "Teleservice":
        """Return INSi as the settings lead to it. Errors: Unavailable when they do not, or may not be asked here."""
        if self._teleservice is None:
            from usager_server.national.insi.teleservice import Teleservice

            self._teleservice = Teleservice(session.house.settings)
        return self._teleservice

    @asynccontextmanager
    async def client(
        self, session: Session, request: OperationRequest, patient: str = ""
    ) -> AsyncIterator["InsiClient"]:
        """Yield a client for a caller; each of its calls is traced when the block does not end well; else it does so.

        Errors  Unprocessable (422): INSi refuses; Unavailable (503): it does not answer, or is not set up;
                LoginRequired (401): the professional must sign in.
        """
        refuse_slave(session)
        async with self._opened(session, request) as client:
            try:
                yield client
            except (ServiceDown, ServiceRefused) as error:
                await record(session, client.calls, patient)
                raise _told(error) from error
            except FHIRError:  # what would have traced them was not kept
                await record(session, client.calls, patient)
                raise

    @asynccontextmanager
    async def _opened(self, session: Session, request: OperationRequest) -> AsyncIterator["InsiClient"]:
        teleservice = self.teleservice(session)
        if teleservice.has_certificate and not _is_on(session, WITHOUT_CERTIFICATE):
            async with teleservice.with_certificate() as client:
                yield client
        elif teleservice.has_proxy:
            national_id = await national_id_of(session, request)
            sessions = ProxySessions(session.house.settings)
            found = await sessions.look(session.repository.runner, datetime.now(UTC), owner_of(session), national_id)
            if found is None:
                raise LoginRequired(SIGN_IN)
            async with teleservice.as_professional(found, national_id) as client:
                yield client
        else:
            raise Unavailable(NOT_SET, code="not-supported")


def refuse_slave(session: Session) -> None:
    """Refuse to ask INSi, or to write what it says, where another software is the master of identities."""
    if is_slave(session):
        raise Unprocessable(IS_SLAVE, code="not-supported")


def owner_of(session: Session) -> str:
    """Return whose sessions at the proxy a caller may use: those of the person, or of the client when nobody is."""
    return session.caller.grant.practitioner or session.caller.subject


async def national_id_of(session: Session, request: OperationRequest) -> str:
    """Return the professional for whom a caller asks: themselves, or the one that an unlimited client names.

    Errors  Unprocessable (422) when nobody is named, or the Practitioner bears no national identifier.
    """
    practitioner = session.caller.grant.practitioner
    if practitioner is None:
        named = given(request, "nationalId")
        if not isinstance(named, str) or not 5 <= len(named) <= 60 or not named.isprintable():
            raise Unprocessable(NO_ID, "Parameters.parameter.where(name = 'nationalId')", code="required")
        return named
    stored = await session.repository.whole.read(*practitioner.split("/", 1))
    values = {it.get("system"): str(it.get("value", "")) for it in _identifiers(stored.document if stored else None)}
    if values.get(NATIONAL_IDS):
        return values[NATIONAL_IDS]
    if is_rpps(values.get(RPPS, "")):
        return f"8{values[RPPS]}"  # how Pro Santé Connect writes a number of the RPPS
    text = f"{practitioner} n'a ni identifiant national ({NATIONAL_IDS}) ni numéro RPPS ({RPPS})"
    raise Unprocessable(text, code="business-rule")


async def record(session: Session, calls: Sequence[Call], patient: str = "") -> None:
    """Trace calls, in the transaction of the session when there is one: operation, message id, code, no identity."""
    if session.act is None or not calls:
        return
    await session.repository.record(events_of(session.act.origin, calls, patient))


def events_of(origin: Any, calls: Sequence[Call], patient: str) -> list[Event]:
    """Return the traces of calls."""
    return [
        Event(
            "national-exchange",
            origin,
            outcome=SUCCESS if call.code[:2].isdigit() else FAILED,
            type="Patient" if patient else "",
            id=patient,
            patients=(patient,) if patient else (),
            detail={
                "service": "INSi",
                "direction": "out",
                "operation": call.operation,
                "message": call.message_id,
                "code": call.code,
                "mode": call.mode,
            },
        )
        for call in calls
    ]


def _told(error: Exception) -> FHIRError:
    from usager_server.national.insi.faults import InsiRefused
    from usager_server.national.proxy.client import SignInNeeded

    if isinstance(error, SignInNeeded):
        return LoginRequired(SIGN_IN)
    if isinstance(error, ServiceDown):
        return Unavailable(DOWN, headers={"Retry-After": "15"})
    if isinstance(error, InsiRefused):
        return Unprocessable(error.told, code="business-rule")
    return Unprocessable(UNREADABLE, code="processing")


def _is_on(session: Session, key: str) -> bool:
    return any(profile.key == key for profile in session.house.profiles)


def _identifiers(document: str | None) -> Sequence[dict[str, Any]]:
    found: Sequence[dict[str, Any]] = parse_json((document or "{}").encode()).get("identifier", ())
    return found
