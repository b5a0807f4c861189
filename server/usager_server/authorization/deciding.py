"""From the question to the code: what a person lets a client do."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from usager_server.authorization.asking import Asked, Back
from usager_server.authorization.authenticating import Authentication
from usager_server.authorization.errors import NotRedirectable, OAuthError
from usager_server.authorization.limits import CODE_SECONDS, DECISION_SECONDS, GRANT_DAYS
from usager_server.authorization.memory import Held, Memories
from usager_server.authorization.scopes import (
    LAUNCH,
    OPENID,
    Check,
    Granted,
    granted_to_person,
    holdable,
    read_scopes,
    without_clinical,
)
from usager_server.authorization.signed_in import SignedIn
from usager_server.authorization.words import digest_of, make_word, read_word
from usager_server.traces.event import Origin


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked.

    Shape   id names it in the form. context: what the launch said (patient, encounter). needs_choice: a patient must be
            chosen. is_silent: nothing has to be asked, since the organisation trusts the client.
    """

    id: str
    back: Back
    granted: Granted
    context: Mapping[str, str]
    is_silent: bool

    @property
    def needs_choice(self) -> bool:
        """Whether a patient has to be chosen."""
        return self.granted.needs_patient and "patient" not in self.context


class Decisions:
    """Keeps questions until they are answered."""

    def __init__(self, memories: Memories, authentication: Authentication, issuer: str, check: Check) -> None:
        self._memories = memories
        self._authentication = authentication
        self._issuer = issuer
        self._check = check

    async def ask(self, asked: Asked, person: SignedIn) -> Question:
        """Return the question to put to a person, which waits DECISION_SECONDS for its answer.

        Errors  OAuthError, to be told to the client: invalid_scope, access_denied, login_required.
        """
        client = asked.back.client
        tenant = person.person.tenant
        if not client.id.startswith(f"{tenant}-"):
            raise OAuthError("access_denied", "this client belongs to another organisation")
        if asked.max_age_seconds is not None and _age(person) > asked.max_age_seconds:
            raise OAuthError("login_required", "the person signed in longer ago than max_age")
        granted = holdable(granted_to_person(asked.scope, client.scope), self._check)
        if person.person.is_privileged:
            granted = without_clinical(granted)
            if not granted.scopes and OPENID not in granted.words:
                raise OAuthError("access_denied", "an account of administration holds no clinical scope")
        context = await self._launched(asked, person, granted)
        document = {
            "scope": granted.text,
            "context": context,
            "redirect_uri": asked.back.redirect_uri,
            "state": asked.back.state,
            "challenge": asked.challenge,
            "nonce": asked.nonce,
            "authenticated": int(person.authenticated_at.timestamp()),
            "means": person.means,
            "subject": person.person.practitioner,
        }
        until = datetime.now(UTC) + timedelta(seconds=DECISION_SECONDS)
        held = Held(str(uuid.uuid4()), client.id, person.person.account, person.session, document, until)
        await self._memories(tenant).ask(held)
        return self._question(held, asked.back, is_silent=client.is_trusted and asked.prompt != "consent")

    async def open_question(self, question_id: str, person: SignedIn) -> Question:
        """Return a question that this person was asked, in this session. Errors: NotRedirectable."""
        held = await self._held(question_id, person)
        return self._question(held, await self._back(held), is_silent=False)

    async def allow(self, question: Question, person: SignedIn, patient: str | None) -> str:
        """Answer yes, and return the address that takes the code to the client.

        Errors  NotRedirectable when it was answered before; OAuthError invalid_request without the patient it needs.
        """
        held = await self._held(question.id, person)
        context = {**held.document["context"], **({"patient": patient} if question.needs_choice and patient else {})}
        if question.granted.needs_patient and "patient" not in context:
            raise OAuthError("invalid_request", "a patient must be chosen")
        now = datetime.now(UTC)
        code = make_word(person.person.tenant)
        decided = replace(
            held, document={**held.document, "context": context}, expires=now + timedelta(days=GRANT_DAYS)
        )
        memory = self._memories(person.person.tenant)
        if not await memory.decide(decided, digest_of(code), now + timedelta(seconds=CODE_SECONDS)):
            raise NotRedirectable("request")
        return self.address(question.back, {"code": code})

    async def deny(
        self, question: Question, person: SignedIn, origin: Origin, because: str = "the person said no"
    ) -> str:
        """Answer no, and return the address that tells the client."""
        held = await self._held(question.id, person)
        await self._memories(person.person.tenant).revoke_grant(held.id, origin, because)
        return self.address(question.back, {"error": "access_denied", "error_description": "the person said no"})

    def address(self, back: Back, answer: Mapping[str, str]) -> str:
        """Return the address of a client with an answer in it, and who it is from (RFC 9207)."""
        state = {"state": back.state} if back.state is not None else {}
        query = urlencode({**answer, **state, "iss": self._issuer})
        return f"{back.redirect_uri}{'&' if urlsplit(back.redirect_uri).query else '?'}{query}"

    async def _launched(self, asked: Asked, person: SignedIn, granted: Granted) -> dict[str, Any]:
        """Return the context that a launch brings. Errors: OAuthError invalid_request on one that is not for us."""
        if asked.launch is None:
            if LAUNCH in granted.words:
                raise OAuthError("invalid_request", "the scope launch needs the launch that the record gave")
            return {}
        word = read_word(asked.launch)
        if word is None or word.tenant != person.person.tenant or LAUNCH not in granted.words:
            raise OAuthError("invalid_request", "launch is unknown, or the scope launch is missing")
        found = await self._memories(word.tenant).take_launch(word.digest)
        if found is None or found[:2] != (asked.back.client.id, person.person.account):
            raise OAuthError("invalid_request", "launch is too old, was used, or is for somebody else")
        return dict(found[2])

    async def _held(self, question_id: str, person: SignedIn) -> Held:
        held = await self._memories(person.person.tenant).asked(question_id)
        if held is None or (held.account, held.session) != (person.person.account, person.session):
            raise NotRedirectable("request")
        return held

    async def _back(self, held: Held) -> Back:
        try:
            client = await self._authentication.registered(held.client)
        except OAuthError as error:
            raise NotRedirectable("client_id") from error
        return Back(client, held.document["redirect_uri"], held.document["state"])

    def _question(self, held: Held, back: Back, *, is_silent: bool) -> Question:
        granted = read_scopes(held.document["scope"])
        question = Question(held.id, back, granted, held.document["context"], is_silent)
        return replace(question, is_silent=is_silent and not question.needs_choice)


def _age(person: SignedIn) -> float:
    return (datetime.now(UTC) - person.authenticated_at).total_seconds()
