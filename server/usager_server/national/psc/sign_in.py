"""From an identity proven at Pro Santé Connect to a session of ours, or to the reason why not."""

import uuid
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from usager_server.accounts import accounts_store, links_store
from usager_server.accounts.account import Account, Link, State
from usager_server.accounts.journal import Actor, Event, Journal, What
from usager_server.accounts.linking import Attachment, Verdict, at_request, at_sign_in
from usager_server.accounts.session import LONGEST_SESSION, TWO_FACTORS, Exercise, Key, SignedIn
from usager_server.accounts.sessions import Proof, Runners, Sessions
from usager_server.accounts.tickets import Tickets
from usager_server.errors import Conflict, Forbidden, Invalid, ServiceDown, ServiceRefused
from usager_server.national.psc.code_flow import CodeFlow, Errand, account_of
from usager_server.national.psc.id_token import LevelTooLow
from usager_server.national.psc.identity import ProfessionalIdentity
from usager_server.national.psc.provider import Proven, Provider
from usager_server.national.psc.token_keeping import TokenKeeping
from usager_server.repository.running import Runner
from usager_server.requirements import fulfils
from usager_server.sealing import Sealer

log = structlog.get_logger()

MEANS = "psc"
LINKING_MINUTES = 10
CHOICE_MINUTES = 30

REASONS = {
    Verdict.CLOSED: "the account is not open",
    Verdict.OTHER_IDENTITY: "the account is attached to, or declared for, another identity",
    Verdict.TAKEN: "another account of the tenant is attached to this identity",
    Verdict.CHANGED: "the provider gives this identity another subject than before",
}


class NoAccount(Forbidden):
    """Somebody proved who they are and has no account here. Shape: ticket: what attaches one to this identity."""

    def __init__(self, ticket: str) -> None:
        super().__init__("Your identity is proven, and no account of this organisation is attached to it")
        self.ticket = ticket


@dataclass(frozen=True, slots=True)
class Arrived:
    """Somebody is signed in. Shape: situations: those to choose from, when there are several."""

    key: Key
    session: SignedIn
    back: str
    situations: tuple[Exercise, ...]


@dataclass(frozen=True, slots=True)
class Returned:
    """Somebody came back without signing in: they said no, or only attached their account."""

    back: str
    error: str | None = None


class PscSignIn:
    """The sign-in by Pro Santé Connect, for all tenants."""

    def __init__(
        self,
        provider: Provider,
        flow: CodeFlow,
        keeping: TokenKeeping,
        sessions: Sessions,
        runners: Runners,
        journal: Journal,
        sealer: Sealer,
    ) -> None:
        self.provider = provider
        self.flow = flow
        self.keeping = keeping
        self._sessions = sessions
        self._runners = runners
        self._journal = journal
        self._linking = Tickets("psc-link", timedelta(minutes=LINKING_MINUTES), sealer)
        self._choices = Tickets("exercise", timedelta(minutes=CHOICE_MINUTES), sealer)

    async def start(self, tenant: int, browser: str, errand: Errand) -> str:
        """Return where to send the browser. Errors: ServiceDown, ServiceRefused."""
        return await self.flow.start(self._runners(tenant), self._sessions.now(), browser, errand)

    async def finish(
        self, tenant: int, browser: str, answer: Mapping[str, str], actor: Actor, agent: str | None
    ) -> Arrived | Returned:
        """Receive who comes back from the provider.

        Errors  Invalid (400) for an answer that is not to our request; Forbidden (403) when the level is too low, or
                the account may not be used; NoAccount (403); Conflict (409) when the identity is another account's;
                ServiceDown, ServiceRefused. Each refusal is traced.
        """
        runner, now = self._runners(tenant), self._sessions.now()
        try:
            noted = await self.flow.errand(runner, now, browser, answer)
        except Invalid as refusal:
            await self._refused(runner, None, actor, str(refusal))
            raise
        if "error" in answer:
            if answer["error"] == "access_denied":
                return Returned(noted["back"], "cancelled")
            raise ServiceRefused("the provider refuses the request")
        proven = await self.judged(runner, actor, self.flow.finish(noted, answer.get("code", ""), now))
        if (account := account_of(noted)) is not None:
            await self._attach(runner, account, proven.identity, actor)
            return Returned(noted["back"])
        return await self.arrive(runner, proven, actor, agent, noted["back"], noted["idle_seconds"])

    async def judged(self, runner: Runner, actor: Actor, proving: Awaitable[Proven]) -> Proven:
        """Return whom the provider proves, and trace when it does not."""
        try:
            return await proving
        except LevelTooLow as refusal:
            await self._refused(runner, None, actor, str(refusal))
            raise Forbidden("The level of this sign-in is too low: eidas1 at least") from refusal
        except ServiceRefused as refusal:
            await self._refused(runner, None, actor, str(refusal))
            raise
        except ServiceDown as error:
            log.warning("Pro Santé Connect is down", reason=str(error))
            raise

    async def arrive(
        self,
        runner: Runner,
        proven: Proven,
        actor: Actor,
        agent: str | None,
        back: str,
        idle_seconds: int | None = None,
    ) -> Arrived:
        """Open the session of somebody proven. Errors: NoAccount, Forbidden, Conflict."""
        identity, now = proven.identity, self._sessions.now()
        situations = identity.situations
        async with runner.transaction() as inside:
            verdict, account = await self._verdict(inside, identity, now)
            if account is not None:  # again, while nobody else closes it, or opens sessions of it
                await accounts_store.locked(inside, account.id)
                verdict, account = await self._verdict(inside, identity, now)
            if account is not None and verdict is Verdict.ATTACH:
                verdict = await self._attached(inside, account, identity, actor)
            opened = None
            if account is not None and verdict in (Verdict.SESSION, Verdict.ATTACH):
                known = await accounts_store.by_id(inside, account.id)
                opened = await self._sessions.open(
                    inside,
                    known or account,
                    self._proof(runner.tenant, proven),
                    replace(actor, label=label_of(account)),
                    idle_seconds=idle_seconds,
                    exercise=situations[0] if len(situations) == 1 else None,
                    agent=agent,
                )
                await self._note_situations(inside, opened[1], situations)
        if opened is None:
            raise await self._no_session(runner, verdict, account, identity, actor)
        key, session = opened
        self.keeping.remember(session.sid, proven.tokens)
        return Arrived(key, session, back, situations if len(situations) > 1 else ())

    async def attach_by_ticket(self, session: SignedIn, ticket: str, actor: Actor) -> None:
        """Attach the account of a session to the identity that a linking ticket stands for.

        Errors  Invalid (400): the ticket is unknown, used or too old; Forbidden, Conflict as `finish`.
        """
        runner, now = self._runners(session.tenant), self._sessions.now()
        self._require_two_factors(session)
        async with runner.transaction() as inside:
            found = await self._linking.take(inside, now, ticket)
        if found is None:
            raise Invalid("This linking ticket is unknown, was used, or is too old: sign in again")
        identity = ProfessionalIdentity(**{**found.data, "situations": ()})
        await self._attach(runner, session.account.id, identity, actor)

    def attaching(self, session: SignedIn) -> str:
        """Return what an errand notes to attach the account of a session. Errors: Forbidden without two factors."""
        self._require_two_factors(session)
        return str(session.account.id)

    async def situations(self, session: SignedIn) -> tuple[Exercise, ...]:
        """Return the situations among which a professional has to choose for this session."""
        found = await self._choices.look(self._runners(session.tenant), self._sessions.now(), str(session.sid))
        return () if found is None else tuple(Exercise(**it) for it in found.data["situations"])

    def _require_two_factors(self, session: SignedIn) -> None:
        if session.means not in TWO_FACTORS:
            raise Forbidden("An identity is attached from a session with two factors only")

    async def _verdict(
        self, runner: Runner, identity: ProfessionalIdentity, now: datetime
    ) -> tuple[Verdict, Account | None]:
        attached = await links_store.attached(runner, self.provider.issuer, identity.national_id)
        declared = tuple(await accounts_store.by_rpps(runner, identity.rpps)) if identity.rpps else ()
        verdict, account = at_sign_in(attached, identity.subject, declared)
        if account is not None and (account.is_locked(now) or account.has_ended(now)):
            return Verdict.CLOSED, account
        return verdict, account

    async def _attach(
        self, runner: Runner, account_id: uuid.UUID, identity: ProfessionalIdentity, actor: Actor
    ) -> None:
        async with runner.transaction() as inside:
            account = await accounts_store.locked(inside, account_id)
            if account is None:
                raise Forbidden("The account is not there any more")
            attached = await links_store.attached(inside, self.provider.issuer, identity.national_id)
            verdict = at_request(account, attached and attached[0], identity.rpps)
            if verdict is Verdict.ATTACH:
                verdict = await self._attached(inside, account, identity, actor)
        if verdict not in (Verdict.ATTACH, Verdict.SESSION):
            await self._refused(runner, account, actor, REASONS[verdict], What.LINK_REFUSED)
            raise Conflict(f"The identity cannot be attached: {REASONS[verdict]}")

    @fulfils("PSC/va1.01")
    async def _attached(
        self, runner: Runner, account: Account, identity: ProfessionalIdentity, actor: Actor
    ) -> Verdict:
        """Attach an account to a national identity, with what the identity says of the person; or find it taken."""
        to = Attachment(self.provider.issuer, identity.national_id, identity.subject)
        if not await links_store.attach(runner, account.id, to, self._sessions.now()):
            return Verdict.TAKEN
        found = {"rpps": identity.rpps, "profession": identity.profession}
        changes = {name: value for name, value in found.items() if value and getattr(account, name) is None}
        await accounts_store.change(runner, account.id, {"psc": Link.LINKED, **changes})
        details = {"issuer": to.issuer, "national_id": to.national_id, **changes}
        await self._journal.record(runner, Event(What.LINKED, account.id, actor, details=details))
        if account.state is State.PENDING:
            await accounts_store.change(runner, account.id, {"state": State.ACTIVE})
            opened = Event(What.STATE_CHANGED, account.id, actor, details={"state": State.ACTIVE.value})
            await self._journal.record(runner, opened)
        return Verdict.ATTACH

    async def _note_situations(self, runner: Runner, session: SignedIn, situations: tuple[Exercise, ...]) -> None:
        if len(situations) > 1:
            data = {"situations": situations}
            await self._choices.put(runner, self._sessions.now(), data, session.account.id, str(session.sid))

    async def _no_session(
        self,
        runner: Runner,
        verdict: Verdict,
        account: Account | None,
        identity: ProfessionalIdentity,
        actor: Actor,
    ) -> Forbidden:
        if account is not None:
            await self._refused(runner, account, actor, REASONS[verdict])
            return Forbidden(f"You cannot sign in: {REASONS[verdict]}")
        data = {
            "subject": identity.subject,
            "national_id": identity.national_id,
            "rpps": identity.rpps,
            "family": identity.family,
            "given": identity.given,
            "profession": identity.profession,
        }
        async with runner.transaction() as inside:
            ticket = await self._linking.put(inside, self._sessions.now(), data)
            event = Event(What.SIGN_IN_REFUSED, None, actor, False, "no account", {"national_id": identity.national_id})
            await self._journal.record(inside, event)
        return NoAccount(str(ticket))

    async def _refused(
        self, runner: Runner, account: Account | None, actor: Actor, because: str, what: What = What.SIGN_IN_REFUSED
    ) -> None:
        async with runner.transaction() as inside:
            await self._journal.record(inside, Event(what, account.id if account else None, actor, False, because))

    def _proof(self, tenant: int, proven: Proven) -> Proof:
        return Proof(
            MEANS,
            acr=proven.acr,
            until=proven.authenticated + LONGEST_SESSION,
            provider=self.provider.issuer,
            sid=proven.sid,
            subject=proven.identity.subject,
            tokens=self.keeping.sealed(tenant, proven.tokens),
            authenticated=proven.authenticated,
        )


def label_of(account: Account) -> str:
    """Return what names somebody in the traces."""
    return account.practitioner or account.username
