"""`/accounts`: the accounts of an organisation, for those who administer them, as JSON; refusals in FHIR's terms."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.accounts.account import Account, Kind
from usager_server.accounts.attributes import refusal
from usager_server.accounts.contacts import FACTORS_TEXT, KINDS
from usager_server.accounts.contacts_store import Contact
from usager_server.accounts.journal import Actor
from usager_server.accounts.session import key_in
from usager_server.errors import Forbidden, Invalid
from usager_server.http.context import Context
from usager_server.http.observability import exchange_of
from usager_server.http.sign_in.desk import Desk
from usager_server.http.sign_in.own import contact_json, session_json
from usager_server.http.sign_in.psc_pages import root_of
from usager_server.http.sign_in.wire import (
    CSRF_HEADER,
    NO_STORE,
    actor_of,
    check_csrf,
    check_fresh,
    headers_of,
    named,
    parsed,
    path_id,
    read_json,
    required,
)

MOST_LISTED = 200
ACTS = ("suspend", "resume", "disable", "unlock", "unlink")


@dataclass(frozen=True, slots=True)
class AdministrationApi:
    """Lets in an administrator's session with a recent proof, or a token that may do everything (USAGER_AUTH=token)."""

    desk: Desk
    callers: Context

    @named
    async def listed(self, request: Request) -> Response:
        """List accounts by user name; `after` and `count` page."""
        tenant, _ = await self._administrator(request, writes=False)
        fields = parsed(request.url.query)
        text = fields.get("count", "100")
        if not text.isdecimal() or len(text) > 6 or not 0 < int(text) <= MOST_LISTED:
            raise Invalid(f"count is a number from 1 to {MOST_LISTED}")
        found = await self.desk.administration.listed(tenant, fields.get("after", "")[:64], int(text))
        return JSONResponse({"accounts": [self._shown(it) for it in found]}, headers=NO_STORE)

    @named
    async def create(self, request: Request) -> Response:
        """Make an account; the answer holds, once, the address at which its owner chooses a password."""
        tenant, actor = await self._administrator(request)
        given = await read_json(request)
        kind = given.pop("kind", Kind.BUSINESS.value)
        if kind not in list(Kind):
            raise refusal("kind", f"one of {', '.join(Kind)}")
        made = await self.desk.administration.create(tenant, given.pop("username", None), Kind(kind), given, actor)
        content = {**self._shown(made.account), "reset": self._reset(request, tenant, made.reset)}
        return JSONResponse(content, 201, {**NO_STORE, "Location": f"/accounts/{made.account.id}"})

    @named
    async def read(self, request: Request) -> Response:
        """Return an account, its contact details and its sessions."""
        tenant, _ = await self._administrator(request, writes=False)
        account = await self.desk.administration.account(tenant, path_id(request))
        contacts = await self.desk.contacts.of_account(account)
        sessions = await self.desk.sessions.of_account(tenant, account.id)
        content = {
            **self._shown(account),
            **{kind: contact_json(contacts.get(kind, Contact(kind))) for kind in KINDS},
            "sessions": [session_json(it) for it in sessions],
        }
        return JSONResponse(content, headers=NO_STORE)

    @named
    async def change(self, request: Request) -> Response:
        """Change attributes, with a reason."""
        tenant, actor = await self._administrator(request)
        given = await read_json(request)
        reason = given.pop("reason", None)
        changed = await self.desk.administration.change(tenant, path_id(request), given, reason, actor)
        return JSONResponse(self._shown(changed), headers=NO_STORE)

    @named
    async def act(self, request: Request) -> Response:
        """Suspend, resume, disable, unlock or unlink an account, with a reason."""
        tenant, actor = await self._administrator(request)
        act = request.path_params["act"]
        if act not in ACTS:
            raise Invalid(f"What is done to an account is one of {', '.join(ACTS)}")
        reason = (await read_json(request)).get("reason")
        await getattr(self.desk.administration, act)(tenant, path_id(request), reason, actor)
        return JSONResponse(
            self._shown(await self.desk.administration.account(tenant, path_id(request))), headers=NO_STORE
        )

    @named
    async def switch_on(self, request: Request) -> Response:
        """Switch an emergency account on for some hours, with a reason."""
        tenant, actor = await self._administrator(request)
        given = await read_json(request)
        hours = given.get("hours")
        if not isinstance(hours, int) or isinstance(hours, bool):
            raise refusal("hours", "a number of hours")
        account = await self.desk.administration.switch_on(
            tenant, path_id(request), hours, given.get("reason", ""), actor
        )
        return JSONResponse(self._shown(account), headers=NO_STORE)

    @named
    async def reset(self, request: Request) -> Response:
        """Give the address at which the owner of an account chooses another password, once and within 30 min."""
        tenant, actor = await self._administrator(request)
        secret = await self.desk.administration.reset_link(tenant, path_id(request), actor)
        return JSONResponse({"reset": self._reset(request, tenant, secret)}, headers=NO_STORE)

    @named
    async def reset_factors(self, request: Request) -> Response:
        """Take the second factors of whoever lost theirs, with a reason; give the address for another password."""
        tenant, actor = await self._administrator(request)
        reason = (await read_json(request)).get("reason", "")
        account, secret = await self.desk.administration.reset_factors(tenant, path_id(request), reason, actor)
        await self.desk.contacts.notify(account, FACTORS_TEXT)
        return JSONResponse({"reset": self._reset(request, tenant, secret)}, headers=NO_STORE)

    @named
    async def end_sessions(self, request: Request) -> Response:
        """End every session of an account."""
        tenant, actor = await self._administrator(request)
        account = await self.desk.administration.account(tenant, path_id(request))
        ended = await self.desk.sessions.end_all(tenant, account.id, actor, "ended by an administrator")
        return JSONResponse({"ended": ended}, headers=NO_STORE)

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/accounts", self.listed, methods=["GET"]),
            Route("/accounts", self.create, methods=["POST"]),
            Route("/accounts/{id}", self.read, methods=["GET"]),
            Route("/accounts/{id}", self.change, methods=["PATCH"]),
            Route("/accounts/{id}/sessions", self.end_sessions, methods=["DELETE"]),
            Route("/accounts/{id}/password-reset", self.reset, methods=["POST"]),
            Route("/accounts/{id}/second-factor-reset", self.reset_factors, methods=["POST"]),
            Route("/accounts/{id}/switch-on", self.switch_on, methods=["POST"]),
            Route("/accounts/{id}/{act}", self.act, methods=["POST"]),
        ]

    async def _administrator(self, request: Request, writes: bool = True) -> tuple[int, Actor]:
        """Return the tenant and who administers it.

        Errors  LoginRequired (401); Forbidden (403): somebody else, a proof over 15 min old, a forged request.
        """
        headers = headers_of(request)
        if b"authorization" in headers:  # a bearer has no cookie to be abused
            caller = await self.callers.caller(headers, exchange_of(request.scope).request_id)
            if not caller.grant.is_everything:
                raise Forbidden("This token may not administer accounts")
            return caller.tenant, actor_of(request, label=caller.subject)
        key = key_in(headers)
        session = required(await self.desk.sessions.of_key(key) if key else None)
        if not session.account.is_privileged:
            raise Forbidden("Only an account of administration administers accounts")
        check_fresh(session, self.desk.sessions.now())
        if writes:
            check_csrf(key, request.headers.get(CSRF_HEADER))
        return session.tenant, actor_of(request, session)

    def _reset(self, request: Request, tenant: int, secret: str) -> str:
        return f"{root_of(request, self.desk)}/sign-in/reset?tenant={tenant}&ticket={secret}"

    def _shown(self, account: Account) -> dict[str, Any]:
        locked = account.is_locked(self.desk.sessions.now())
        return {
            "id": str(account.id),
            "username": account.username,
            "kind": account.kind.value,
            "state": "locked" if locked and account.state == "active" else account.state.value,
            "family": account.family,
            "given": account.given,
            "rpps": account.rpps,
            "psc": account.psc.value,
            "profession": account.profession,
            "specialty": account.specialty,
            "mssante": account.mssante,
            "practitioner": account.practitioner,
            "roles": list(account.roles),
            "structures": None if account.structures is None else list(account.structures),
            "created": account.created.isoformat(),
            "until": account.until.isoformat() if account.until else None,
        }
