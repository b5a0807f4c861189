"""What is traced of clients and tokens: who, which client, which scopes; never a token."""

from usager_server.authorization.clients import Client
from usager_server.authorization.memory import Held
from usager_server.traces.event import Event, Origin


def client_registered(client: Client, origin: Origin) -> Event:
    """Return the trace of a client that may now ask for tokens."""
    return Event("client-registered", origin, detail={"client": client.id, "name": client.name, "scope": client.scope})


def client_revoked(client_id: str, origin: Origin) -> Event:
    """Return the trace of a client that may ask no more."""
    return Event("client-revoked", origin, detail={"client": client_id})


def token_issued(held: Held, origin: Origin, way: str) -> Event:
    """Return the trace of an access token; way is the grant type it was given for."""
    return _of_grant("token-issued", held, origin, {"grant_type": way, "scope": held.document["scope"]})


def token_revoked(held: Held, origin: Origin, because: str) -> Event:
    """Return the trace of the end of a grant and its tokens."""
    return _of_grant("token-revoked", held, origin, {"because": because})


def _of_grant(kind: str, held: Held, origin: Origin, detail: dict[str, str]) -> Event:
    subject = held.document.get("subject") or held.account or held.client
    patient = held.document.get("context", {}).get("patient")
    who = origin._replace(subject=subject, client=held.client, session=held.session or "")
    return Event(kind, who, patients=(patient,) if patient else (), detail={"grant": held.id, **detail})
