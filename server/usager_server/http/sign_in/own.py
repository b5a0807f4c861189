"""What somebody who is signed in sees and changes of their own: sessions, contact details."""

from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from usager_server.accounts.contacts import KINDS, PASSWORD_TEXT
from usager_server.accounts.contacts_store import Contact
from usager_server.accounts.session import COOKIE, PROVIDER, Key, SignedIn, key_in
from usager_server.errors import NotFound, Unprocessable
from usager_server.http.sign_in.desk import Desk
from usager_server.http.sign_in.wire import (
    CSRF_HEADER,
    NO_STORE,
    actor_of,
    check_csrf,
    check_fresh,
    headers_of,
    named,
    path_id,
    read_json,
    required,
    signed_out,
    with_cookie,
)


@dataclass(frozen=True, slots=True)
class OwnSessions:
    """The session of a request, and the others of the same account. Shape: JSON."""

    desk: Desk

    @named
    async def session(self, request: Request) -> Response:
        """Tell who is signed in, until when, and what proves that a write is not forged."""
        key, session = await self._current(request)
        return JSONResponse({**session_json(session), "csrf": key.csrf}, headers=NO_STORE)

    @named
    async def end(self, request: Request) -> Response:
        """End the session: on the server, at once, for whoever kept its cookie, and at Pro Santé Connect."""
        _, session = await self._writing(request)
        if self.desk.psc_logout is not None:
            await self.desk.psc_logout.end_there(session)
        await self.desk.sessions.end(session, actor_of(request, session))
        return signed_out(Response(status_code=204, headers=NO_STORE))

    @named
    async def renew(self, request: Request) -> Response:
        """Prove again, with a code, who is there: for what wants a recent proof."""
        _, session = await self._writing(request)
        code = str((await read_json(request)).get("code", ""))
        key = await self.desk.local.confirm(session, code, actor_of(request, session))
        return with_cookie(JSONResponse({"csrf": key.csrf}, headers=NO_STORE), COOKIE, key.cookie)

    @named
    async def sessions(self, request: Request) -> Response:
        """List the sessions of the account."""
        _, session = await self._current(request)
        found = await self.desk.sessions.of_account(session.tenant, session.account.id)
        listed = [{**session_json(it), "current": it.sid == session.sid} for it in found]
        return JSONResponse({"sessions": listed}, headers=NO_STORE)

    @named
    async def end_others(self, request: Request) -> Response:
        """End every other session of the account. Errors: Forbidden (403) without a recent proof."""
        session = await self._proven(request)
        actor = actor_of(request, session)
        ended = await self.desk.sessions.end_all(
            session.tenant, session.account.id, actor, "ended from another session", but=session.sid
        )
        return JSONResponse({"ended": ended}, headers=NO_STORE)

    @named
    async def end_one(self, request: Request) -> Response:
        """End one session of the account. Errors: Forbidden (403) without a recent proof."""
        session = await self._proven(request)
        other = await self.desk.sessions.of_sid(session.tenant, path_id(request), used=False)
        if other is None or other.account.id != session.account.id:
            raise NotFound("There is no such session of yours")
        await self.desk.sessions.end(other, actor_of(request, session), "ended from another session")
        return Response(status_code=204, headers=NO_STORE)

    @named
    async def contacts(self, request: Request) -> Response:
        """Tell the contact details of the account, and which wait for a code."""
        _, session = await self._current(request)
        found = await self.desk.contacts.of_account(session.account)
        return JSONResponse({kind: contact_json(found.get(kind, Contact(kind))) for kind in KINDS}, headers=NO_STORE)

    @named
    async def change_contact(self, request: Request) -> Response:
        """Note another e-mail address or telephone number; a code is sent there.

        Whoever holds a session would send the links of its owner elsewhere: a recent proof is wanted, and the password
        again of who signed in with one.
        """
        session, kind = await self._proven(request), self._kind(request)
        given, actor = await read_json(request), actor_of(request, session)
        if session.means != PROVIDER:
            if "password" not in given:
                raise Unprocessable("Your password is wanted again, beside the value", "password", code="required")
            await self.desk.local.retype(session, str(given["password"]), actor)
        await self.desk.contacts.change(session.account, kind, given.get("value"), actor)
        return Response(status_code=202, headers=NO_STORE)

    @named
    async def verify_contact(self, request: Request) -> Response:
        """Put it in force by the code that was sent."""
        _, session = await self._writing(request)
        code = str((await read_json(request)).get("code", ""))
        await self.desk.contacts.verify(session.account, self._kind(request), code, actor_of(request, session))
        return Response(status_code=204, headers=NO_STORE)

    @named
    async def replace_password(self, request: Request) -> Response:
        """Put another password in the place of the old one, which is typed again; every session ends."""
        _, session = await self._writing(request)
        given = await read_json(request)
        old, new = (str(given.get(name, "")) for name in ("old", "password"))
        await self.desk.local.replace_password(session, old, new, actor_of(request, session))
        await self.desk.contacts.notify(session.account, PASSWORD_TEXT)
        return signed_out(Response(status_code=204, headers=NO_STORE))

    @named
    async def attach(self, request: Request) -> Response:
        """Attach the account to the identity that a linking ticket stands for.

        Errors  Forbidden (403) without a recent proof: a thief would attach an identity of their own.
        """
        session = await self._proven(request)
        if self.desk.psc is None:
            raise NotFound("Nobody signs in with Pro Santé Connect here")
        ticket = str((await read_json(request)).get("ticket", ""))
        await self.desk.psc.attach_by_ticket(session, ticket, actor_of(request, session))
        return Response(status_code=204, headers=NO_STORE)

    def routes(self) -> list[BaseRoute]:
        """Return their routes."""
        return [
            Route("/session", self.session, methods=["GET"]),
            Route("/session", self.end, methods=["DELETE"]),
            Route("/session/proof", self.renew, methods=["POST"]),
            Route("/sessions", self.sessions, methods=["GET"]),
            Route("/sessions", self.end_others, methods=["DELETE"]),
            Route("/sessions/{id}", self.end_one, methods=["DELETE"]),
            Route("/account/contacts", self.contacts, methods=["GET"]),
            Route("/account/contacts/{kind}", self.change_contact, methods=["PUT"]),
            Route("/account/contacts/{kind}/verification", self.verify_contact, methods=["POST"]),
            Route("/account/password", self.replace_password, methods=["POST"]),
            Route("/account/identity", self.attach, methods=["POST"]),
        ]

    async def _current(self, request: Request) -> tuple[Key, SignedIn]:
        key = key_in(headers_of(request))
        session = required(await self.desk.sessions.of_key(key) if key else None)
        assert key is not None  # noqa: S101 - there is no session without
        return key, session

    async def _writing(self, request: Request) -> tuple[Key, SignedIn]:
        """Return who writes: only a page that was given the token could have said it."""
        key, session = await self._current(request)
        check_csrf(key, request.headers.get(CSRF_HEADER))
        return key, session

    async def _proven(self, request: Request) -> SignedIn:
        """Return who writes, and has proven lately who they are. Errors: Forbidden (403)."""
        _, session = await self._writing(request)
        check_fresh(session, self.desk.sessions.now())
        return session

    @staticmethod
    def _kind(request: Request) -> str:
        kind = str(request.path_params["kind"])
        if kind not in KINDS:
            raise Unprocessable(f"A contact detail is one of {', '.join(KINDS)}")
        return kind


def session_json(session: SignedIn) -> dict[str, Any]:
    """Return what a session shows of itself; never its secret."""
    account = session.account
    return {
        "sid": str(session.sid),
        "tenant": session.tenant,
        "account": str(account.id),
        "username": account.username,
        "name": f"{account.given} {account.family}",
        "kind": account.kind.value,
        "practitioner": account.practitioner,
        "roles": list(account.roles),
        "structures": None if account.structures is None else list(account.structures),
        "exercise": asdict(session.exercise) if session.exercise else None,
        "means": session.means,
        "acr": session.acr,
        "authenticated": session.authenticated.isoformat(),
        "last_seen": session.last_seen.isoformat(),
        "idle_seconds": session.idle_seconds,
        "idle_ends": session.idle_ends.isoformat(),
        "expires": session.expires.isoformat(),
        "address": session.address,
        "agent": session.agent,
    }


def contact_json(contact: Contact) -> dict[str, Any]:
    """Return a contact detail as its owner sees it."""
    state = "verified" if contact.value else "pending" if contact.pending else "none"
    verified = contact.verified.isoformat() if contact.verified else None
    return {"state": state, "value": contact.value, "verified": verified, "pending": contact.pending}
