"""The token endpoint: a code, a refresh token or a client's own right for an access token."""

import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from re import fullmatch
from typing import Any

from joserfc.util import urlsafe_b64encode

from usager_server.authorization.authenticating import Authentication
from usager_server.authorization.clients import CODE, CREDENTIALS, REFRESH, Client, tenant_of
from usager_server.authorization.errors import OAuthError
from usager_server.authorization.form import required
from usager_server.authorization.limits import BACKEND_TOKEN_SECONDS, REFRESH_DAYS
from usager_server.authorization.liveness import Liveness
from usager_server.authorization.memory import Held, Memories, Memory
from usager_server.authorization.scopes import (
    FHIR_USER,
    ONLINE,
    OPENID,
    Check,
    Granted,
    granted_to_client,
    holdable,
    narrowed,
    read_scopes,
    without_clinical,
)
from usager_server.authorization.signed_in import Person
from usager_server.authorization.tokens import AccessToken, Tokens
from usager_server.authorization.words import Word, digest_of, make_word, read_word
from usager_server.traces.event import Origin

VERIFIER = r"[A-Za-z0-9._~-]{43,128}"

Answer = dict[str, Any]


class Exchange:
    """Gives tokens. access_seconds: how long those that act for a person live."""

    def __init__(
        self,
        memories: Memories,
        authentication: Authentication,
        tokens: Tokens,
        liveness: Liveness,
        access_seconds: int,
        check: Check,
    ) -> None:
        self._memories = memories
        self._authentication = authentication
        self._tokens = tokens
        self._liveness = liveness
        self._access_seconds = access_seconds
        self._check = check

    async def token(self, form: Mapping[str, str], certificate: str | None, origin: Origin) -> Answer:
        """Return the answer of the token endpoint; certificate is the thumbprint of the TLS client, when it is known.

        Errors  OAuthError (RFC 6749 5.2).
        """
        grant_type = required(form, "grant_type")
        if grant_type not in (CODE, REFRESH, CREDENTIALS):
            raise OAuthError("unsupported_grant_type", f"grant_type is {CODE}, {REFRESH} or {CREDENTIALS}")
        client = await self._authentication.client(form)
        if not client.uses(grant_type):
            raise OAuthError("unauthorized_client", f"this client was not registered for {grant_type}")
        if client.wants_bound_tokens and certificate is None:
            raise OAuthError("invalid_request", "the tokens of this client are bound to its certificate: show it")
        bound = certificate if client.wants_bound_tokens else None
        if grant_type == CREDENTIALS:
            return await self._by_itself(client, form, bound, origin)
        if grant_type == CODE:
            return await self._of_code(client, form, bound, origin)
        return await self._of_refresh(client, form, bound, origin)

    async def _by_itself(self, client: Client, form: Mapping[str, str], bound: str | None, origin: Origin) -> Answer:
        granted = holdable(granted_to_client(required(form, "scope"), client.scope), self._check)
        expires = int(time.time()) + BACKEND_TOKEN_SECONDS
        grant = Held(
            str(uuid.uuid4()), client.id, None, None, {"scope": granted.text}, datetime.fromtimestamp(expires, UTC)
        )
        memory = self._memory(client)
        await memory.grant(grant, origin)
        token = AccessToken(memory.tenant, grant.id, client.id, client.id, granted.text, expires, certificate=bound)
        return {
            "access_token": self._tokens.access(token),
            "token_type": "bearer",
            "expires_in": BACKEND_TOKEN_SECONDS,
            "scope": granted.text,
        }

    async def _of_code(self, client: Client, form: Mapping[str, str], bound: str | None, origin: Origin) -> Answer:
        memory = self._memory(client)
        word = _word(form, "code", memory)
        held = await memory.spend_code(word.digest, origin)
        if held is None:
            raise OAuthError("invalid_grant", "the code is unknown, too old, or was used")
        if not self._is_proven(held, client, form):
            await memory.revoke_grant(held.id, origin, "the proof of the code was wrong")
            raise OAuthError("invalid_grant", "redirect_uri or code_verifier are not those of the request")
        granted = holdable(read_scopes(held.document["scope"]), self._check)
        person = await self._person(held, granted)
        answer = self._access(held, client, granted, person, bound)
        if OPENID in granted.words:
            answer["id_token"] = self._identity(held, client, granted, person)
        if client.uses(REFRESH) and (granted.is_offline or ONLINE in granted.words):
            refresh = make_word(memory.tenant)
            await memory.add_refresh(held.id, digest_of(refresh), min(_refresh_end(), held.expires))
            answer["refresh_token"] = refresh
        return answer

    async def _of_refresh(self, client: Client, form: Mapping[str, str], bound: str | None, origin: Origin) -> Answer:
        memory = self._memory(client)
        word = _word(form, "refresh_token", memory)
        found = await memory.grant_of_refresh(word.digest)
        if found is None or found[0].client != client.id:
            raise OAuthError("invalid_grant", "the refresh token is unknown")
        granted = read_scopes(found[0].document["scope"])
        wanted = narrowed(form["scope"], granted) if "scope" in form else granted
        asked = holdable(wanted, self._check)  # before the token is spent
        refresh = make_word(memory.tenant)
        held = await memory.rotate_refresh(word.digest, client.id, digest_of(refresh), _refresh_end(), origin)
        if held is None:
            raise OAuthError("invalid_grant", "the refresh token is too old, was used, or its grant has ended")
        person = await self._person(held, granted)
        return self._access(held, client, asked, person, bound) | {"refresh_token": refresh}

    def _is_proven(self, held: Held, client: Client, form: Mapping[str, str]) -> bool:
        verifier = form.get("code_verifier", "")
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode()
        return (
            held.client == client.id
            and form.get("redirect_uri") == held.document["redirect_uri"]
            and fullmatch(VERIFIER, verifier) is not None
            and compare_digest(challenge, held.document["challenge"])
        )

    async def _person(self, held: Held, granted: Granted) -> Person:
        """Return who gave a grant. Errors: OAuthError invalid_grant when they left, or may not sign in any more."""
        person = await self._liveness.person(self._tenant(held), _session(held), held.account or "")
        if person is None or (person.is_privileged and without_clinical(granted) != granted):
            raise OAuthError("invalid_grant", "the session of the person has ended, or their account has changed")
        return person

    def _access(self, held: Held, client: Client, granted: Granted, person: Person, bound: str | None) -> Answer:
        context = held.document["context"]
        token = AccessToken(
            tenant=person.tenant,
            grant=held.id,
            client=client.id,
            subject=person.account,
            scope=granted.text,
            expires=int(time.time()) + self._access_seconds,
            session=_session(held),
            patient=context.get("patient"),
            practitioner=person.practitioner,
            certificate=bound,
        )
        return {
            "access_token": self._tokens.access(token),
            "token_type": "Bearer",
            "expires_in": self._access_seconds,
            "scope": granted.text,
            **context,
        }

    def _identity(self, held: Held, client: Client, granted: Granted, person: Person) -> str:
        issuer = self._tokens.issuer
        more = {
            "nonce": held.document["nonce"],
            "auth_time": held.document["authenticated"],
            "acr": held.document["means"],
            "sid": held.session,
        }
        if FHIR_USER in granted.words and person.practitioner:
            more |= {"fhirUser": f"{issuer}/{person.practitioner}"}
        return self._tokens.identity(person.account, client.id, self._access_seconds, more)

    def _memory(self, client: Client) -> Memory:
        return self._memories(int(tenant_of(client.id) or 0))

    def _tenant(self, held: Held) -> int:
        return int(tenant_of(held.client) or 0)


def _word(form: Mapping[str, str], name: str, memory: Memory) -> Word:
    word = read_word(required(form, name))
    if word is None or word.tenant != memory.tenant:
        raise OAuthError("invalid_grant", f"this is no {name} of this client")
    return word


def _session(held: Held) -> str | None:
    """Return the session that the tokens of a grant end with; None when it was given for longer than that."""
    return None if read_scopes(held.document["scope"]).is_offline else held.session


def _refresh_end() -> datetime:
    return datetime.now(UTC) + timedelta(days=REFRESH_DAYS)
