"""POST /connect: have Pro Santé Connect ask the professional, wait for the answer, exchange, open the session."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import orjson
import structlog

from usager_server.errors import Unavailable
from usager_server.national.psc.ciba import Abandoned, Asked, Channel, Ciba
from usager_server.national.psc.id_token import Expected, IdTokenRefused, checked_claims, key_id
from usager_server.national.psc.oauth import OAuthDown, OAuthRefused, get
from usager_server.national.psc.tokens import PscTokens
from usager_server.proxy.answers import Refused, refusal_of
from usager_server.proxy.caller import Caller
from usager_server.proxy.ending import revoke_all
from usager_server.proxy.exchanging import Exchanged, exchange_all
from usager_server.proxy.house import House
from usager_server.proxy.outgoing import Outgoing
from usager_server.proxy.session import Session, digest_of, new_session_id
from usager_server.proxy.throttle import TooMany
from usager_server.proxy.trace import Trace, TraceType
from usager_server.proxy.traces import record_alone
from usager_server.requirements import fulfils

log = structlog.get_logger()

BODY_LIMIT_BYTES = 16 * 1024
LONGEST_SIGN_IN = timedelta(seconds=180)
SHAPES = {
    "nationalId": re.compile(r"[0-9A-Za-z][0-9A-Za-z/.-]{0,63}"),
    "bindingMessage": re.compile(r"[0-9]{2}"),
    "clientId": re.compile(r"[\x21-\x7e]{1,128}"),
    "channel": re.compile(r"CARD|MOBILE"),
}
EXPECTED = {
    "nationalId": "the national identifier of the professional, 64 characters at most",
    "bindingMessage": "two digits",
    "clientId": "the client id of the software at Pro Santé Connect",
    "channel": "CARD or MOBILE",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller asks for."""

    national_id: str
    binding_message: str
    client_id: str
    channel: Channel

    @property
    def metadata(self) -> dict[str, str]:
        """Return of whom and what an answer speaks."""
        return {"nationalId": self.national_id, "clientId": self.client_id}


@dataclass(frozen=True, slots=True)
class Connected:
    """A session that is open. Shape: unavailable names the APIs that gave no token yet."""

    session_id: str
    session_state: str
    unavailable: tuple[str, ...]


def parse_wish(body: bytes) -> Wish:
    """Return what a body asks for. Errors: Refused (400), which says what is wrong and what would be right."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "the body is no JSON", metadata={}) from error
    if not isinstance(found, dict):
        raise Refused(400, "the body is no JSON object", metadata={})
    metadata = {name: found[name] for name in ("nationalId", "clientId") if isinstance(found.get(name), str)}
    for name, shape in SHAPES.items():
        value = found.get(name)
        if not isinstance(value, str) or not shape.fullmatch(value):
            metadata = {each: value[:128] for each, value in metadata.items()}
            raise Refused(400, f"{name} is {EXPECTED[name]}", metadata=metadata)
    channel = cast(Channel, found["channel"])
    return Wish(found["nationalId"], found["bindingMessage"], found["clientId"], channel)


async def replayed(house: House, wish: Wish, session: Session, caller: Caller) -> None:
    """Record that a live session is asked for again. Errors: Refused (409) when it is another's; Unavailable."""
    if (session.national_id, session.client_id) != (wish.national_id, wish.client_id):
        raise Refused(409, "this session is another professional's: disconnect it first", metadata=wish.metadata)
    await record_alone(house.database, _trace(house, TraceType.CONNECT_REPLAY, wish, caller, session))


@fulfils("P-PSC-02")
async def connect(house: House, wish: Wish, caller: Caller, is_wanted: Callable[[], Awaitable[bool]]) -> Connected:
    """Open a session once the professional has agreed.

    Time    as long as the professional takes, 120 s at most, then that of the exchanges.
    Errors  Refused, each with its trace; Abandoned when the caller has left; Unavailable.
    """
    try:
        return await _connect(house, wish, caller, is_wanted)
    except Refused as refused:
        await _record_failure(house, wish, caller, f"{refused.status} {refused.message or ''}".strip())
        raise
    except (Abandoned, Unavailable) as ended:
        await _record_failure(house, wish, caller, type(ended).__name__)
        raise


async def _connect(house: House, wish: Wish, caller: Caller, is_wanted: Callable[[], Awaitable[bool]]) -> Connected:
    client = house.clients.get(wish.client_id)
    if client is None:
        raise Refused(404, "this client id is not known here", metadata=wish.metadata)
    if wish.client_id not in house.clients_of(caller):
        raise Refused(403, "the certificate of the caller is not one of this client id", metadata=wish.metadata)
    tokens = await _signed_in(house, client, wish, is_wanted)
    found = Exchanged()
    try:
        state = await _proven(house, client, wish, tokens)
        found = await exchange_all(house, client, tokens)
        _refuse_incomplete(house, wish, found)
        return await _opened(house, client, wish, caller, tokens, found, state)
    except BaseException:
        await revoke_all(house, client, tokens, found.held)  # nobody holds them: nothing is left behind
        raise


async def _signed_in(house: House, client: Outgoing, wish: Wish, is_wanted: Callable[[], Awaitable[bool]]) -> PscTokens:
    try:
        number = await house.throttle.ask(wish.national_id, wish.client_id, house.clock.now(), LONGEST_SIGN_IN)
    except TooMany as many:
        told = "this professional is being asked already, or was asked too often"
        raise Refused(429, told, metadata=wish.metadata, headers={"Retry-After": str(many.seconds)}) from many
    try:
        metadata = await house.discoveries[wish.client_id].metadata()
        flow = Ciba(
            client.http(house.settings.psc.trusted_ca_file),
            client.identity.oauth,
            metadata.backchannel_authentication_endpoint,
            metadata.token_endpoint,
            house.clock.now,
            house.clock.sleep,
        )
        asked = Asked(wish.national_id, wish.binding_message, wish.channel, house.settings.psc.acr_values)
        return await flow.poll(await flow.start(asked), is_wanted)
    except (OAuthRefused, OAuthDown) as failure:
        raise refusal_of(failure, wish.metadata) from failure
    finally:
        await house.throttle.answered(number)


async def _proven(house: House, client: Outgoing, wish: Wish, tokens: PscTokens) -> str:
    """Return the session_state, once it is sure that the one who agreed is the one who was asked."""
    try:
        claims = await _claims(house, client, wish, tokens)
        told = await _national_ids(house, client, claims, tokens)
    except IdTokenRefused as wrong:
        raise Refused(401, f"the id_token is refused: {wrong}", metadata=wish.metadata) from wrong
    except (OAuthRefused, OAuthDown) as failure:
        raise refusal_of(failure, wish.metadata) from failure
    if told != {wish.national_id}:
        raise Refused(401, "the one who signed in is not the one who was asked", metadata=wish.metadata)
    return tokens.session_state or str(claims.get("session_state") or claims.get("sid") or "")[:200]


async def _claims(house: House, client: Outgoing, wish: Wish, tokens: PscTokens) -> dict[str, Any]:
    discovery, psc = house.discoveries[wish.client_id], house.settings.psc
    keys = await discovery.key_set(key_id(tokens.id_token))
    expected = Expected(discovery.issuer, wish.client_id, least_acr=psc.acr_values)
    return checked_claims(tokens.id_token, keys, expected, house.clock.now())


async def _national_ids(house: House, client: Outgoing, claims: Mapping[str, Any], tokens: PscTokens) -> set[str]:
    """Return how the professional is called, by the id_token or else by userinfo; never read out of sub."""
    if told := _identifiers(claims):
        return told
    endpoint = (await house.discoveries[client.identity.oauth.client_id].metadata()).userinfo_endpoint
    told_there = await get(client.http(house.settings.psc.trusted_ca_file), endpoint, tokens.access_token)
    if told_there.get("sub") != claims["sub"]:
        raise IdTokenRefused("userinfo speaks of somebody else")
    return _identifiers(told_there)


def _identifiers(claims: Mapping[str, Any]) -> set[str]:
    values = (claims.get("SubjectNameID"), claims.get("preferred_username"))
    return {value for value in values if isinstance(value, str) and value}


def _refuse_incomplete(house: House, wish: Wish, found: Exchanged) -> None:
    for backend, failure in found.failures.items():
        if house.settings.backends[backend].required:
            refused = refusal_of(failure, wish.metadata)
            raise Refused(
                refused.status,
                f"{backend}: {refused.message}" if refused.message else None,
                metadata=refused.metadata,
            ) from failure


async def _opened(
    house: House,
    client: Outgoing,
    wish: Wish,
    caller: Caller,
    tokens: PscTokens,
    found: Exchanged,
    state: str,
) -> Connected:
    session_id = new_session_id()
    digest = digest_of(session_id)
    assert digest is not None  # noqa: S101 - of the shape that we have just made
    # The id opens the session: it is in the traces only while the conformity tool must find it there.
    shown_id = session_id if house.settings.conformity.enabled else f"sha256:{digest.hex()}"
    session = Session(digest, wish.client_id, wish.national_id, state, shown_id)
    trace = _trace(house, TraceType.CONNECT_SUCCESS, wish, caller, session)
    await house.sessions.open(session, tokens, found.held, house.clock.now(), trace)
    lacking = tuple(sorted(name for name in house.settings.backends if name not in found.held))
    return Connected(session_id, state, lacking)


async def _record_failure(house: House, wish: Wish, caller: Caller, reason: str) -> None:
    trace = _trace(house, TraceType.CONNECT_FAILURE, wish, caller, None, reason)
    try:
        await record_alone(house.database, trace)
    except Unavailable as error:  # nothing was opened: the failure is the answer, and the log says what is lost
        log.error("a failure has no trace", reason=str(error))


def _trace(
    house: House, kind: TraceType, wish: Wish, caller: Caller, session: Session | None, reason: str = ""
) -> Trace:
    client = house.clients.get(wish.client_id)
    subject = client.identity.subject if client else ""
    return Trace(kind, house.clock.now(), wish.national_id, caller, session, subject, reason=reason)
