"""The paths of who signs in: pages, sessions, accounts; there under USAGER_AUTH=token and smart."""

from collections.abc import Mapping, Sequence
from typing import Any

SIGN_IN, SESSION, ACCOUNTS = "Sign-in", "Session", "Accounts"
COOKIE: list[Mapping[str, Any]] = [{"session": []}]
NOBODY: list[Mapping[str, Any]] = []
ADMINISTRATOR: list[Mapping[str, Any]] = [{"bearer": []}, {"session": []}]
REASON = ("reason",)

# Path, method, operationId, tag, who may, what it does, fields of the body (form or JSON), answer when all is well.
Row = tuple[str, str, str, str, list[Mapping[str, Any]], str, Sequence[str], str]
ROWS: Sequence[Row] = (
    ("/sign-in", "get", "signInPage", SIGN_IN, NOBODY, "Show the ways to sign in (HTML).", (), "200"),
    (
        "/sign-in",
        "post",
        "signIn",
        SIGN_IN,
        NOBODY,
        "Take a name and a password.",
        ("username", "password", "csrf"),
        "200",
    ),
    (
        "/sign-in/code",
        "post",
        "signInCode",
        SIGN_IN,
        NOBODY,
        "Take the code; open the session.",
        ("ticket", "code", "csrf"),
        "200",
    ),
    (
        "/sign-in/new-password",
        "post",
        "replacePassword",
        SIGN_IN,
        NOBODY,
        "Take the password that follows one that has expired.",
        ("ticket", "password", "csrf"),
        "200",
    ),
    ("/sign-in/reset", "get", "resetPage", SIGN_IN, NOBODY, "Show where a password is chosen (HTML).", (), "200"),
    (
        "/sign-in/reset",
        "post",
        "resetPassword",
        SIGN_IN,
        NOBODY,
        "Take the password of whoever was given a link.",
        ("ticket", "password", "csrf"),
        "303",
    ),
    ("/sign-in/psc", "get", "signInWithPsc", SIGN_IN, NOBODY, "Send the browser to Pro Santé Connect.", (), "303"),
    ("/sign-in/psc/callback", "get", "pscCallback", SIGN_IN, NOBODY, "Receive it back; open the session.", (), "303"),
    (
        "/sign-in/psc/backchannel-logout",
        "post",
        "pscBackchannelLogout",
        SIGN_IN,
        NOBODY,
        "End the sessions that Pro Santé Connect says are over.",
        ("logout_token",),
        "200",
    ),
    ("/sign-in/exercise", "get", "exercisePage", SIGN_IN, COOKIE, "Show the situations of exercise (HTML).", (), "200"),
    (
        "/sign-in/exercise",
        "post",
        "chooseExercise",
        SIGN_IN,
        COOKIE,
        "Choose one for the session.",
        ("situation", "csrf"),
        "303",
    ),
    (
        "/sign-in/ciba",
        "post",
        "askByCiba",
        SIGN_IN,
        NOBODY,
        "Have Pro Santé Connect ask somebody on their device.",
        ("national_id", "channel", "tenant"),
        "202",
    ),
    (
        "/sign-in/ciba/poll",
        "post",
        "pollCiba",
        SIGN_IN,
        NOBODY,
        "Tell whether they agreed.",
        ("ticket", "tenant"),
        "200",
    ),
    ("/sign-out", "post", "signOut", SIGN_IN, COOKIE, "End the session, from a page.", ("csrf",), "303"),
    ("/session", "get", "session", SESSION, COOKIE, "Tell who is signed in.", (), "200"),
    ("/session", "delete", "endSession", SESSION, COOKIE, "End the session, here and at Pro Santé Connect.", (), "204"),
    ("/session/proof", "post", "renewProof", SESSION, COOKIE, "Give a recent proof with a code.", ("code",), "200"),
    ("/sessions", "get", "sessions", SESSION, COOKIE, "List one's sessions.", (), "200"),
    ("/sessions", "delete", "endOtherSessions", SESSION, COOKIE, "End the others.", (), "200"),
    ("/sessions/{id}", "delete", "endOneSession", SESSION, COOKIE, "End one of one's own.", (), "204"),
    ("/account/contacts", "get", "contacts", SESSION, COOKIE, "Tell one's e-mail address and telephone.", (), "200"),
    (
        "/account/contacts/{kind}",
        "put",
        "changeContact",
        SESSION,
        COOKIE,
        "Give another one; a code is sent.",
        ("value", "password"),
        "202",
    ),
    (
        "/account/contacts/{kind}/verification",
        "post",
        "verifyContact",
        SESSION,
        COOKIE,
        "Put it in force by the code that was sent.",
        ("code",),
        "204",
    ),
    (
        "/account/password",
        "post",
        "changePassword",
        SESSION,
        COOKIE,
        "Put another password in the place of the old one; every session ends.",
        ("old", "password"),
        "204",
    ),
    (
        "/account/identity",
        "post",
        "attachIdentity",
        SESSION,
        COOKIE,
        "Attach one's account to the identity of a linking ticket.",
        ("ticket",),
        "204",
    ),
    ("/accounts", "get", "accounts", ACCOUNTS, ADMINISTRATOR, "List accounts; after and count page.", (), "200"),
    (
        "/accounts",
        "post",
        "createAccount",
        ACCOUNTS,
        ADMINISTRATOR,
        "Make an account.",
        (
            "username",
            "kind",
            "family",
            "given",
            "rpps",
            "profession",
            "specialty",
            "mssante",
            "practitioner",
            "roles",
            "structures",
            "email",
            "telephone",
        ),
        "201",
    ),
    ("/accounts/{id}", "get", "account", ACCOUNTS, ADMINISTRATOR, "Return an account.", (), "200"),
    (
        "/accounts/{id}",
        "patch",
        "changeAccount",
        ACCOUNTS,
        ADMINISTRATOR,
        "Change attributes, with a reason.",
        REASON,
        "200",
    ),
    (
        "/accounts/{id}/suspend",
        "post",
        "suspendAccount",
        ACCOUNTS,
        ADMINISTRATOR,
        "Close it for a while.",
        REASON,
        "200",
    ),
    ("/accounts/{id}/resume", "post", "resumeAccount", ACCOUNTS, ADMINISTRATOR, "Open it again.", REASON, "200"),
    ("/accounts/{id}/disable", "post", "disableAccount", ACCOUNTS, ADMINISTRATOR, "Close it for ever.", REASON, "200"),
    ("/accounts/{id}/unlock", "post", "unlockAccount", ACCOUNTS, ADMINISTRATOR, "Lift a lock.", REASON, "200"),
    ("/accounts/{id}/unlink", "post", "unlinkAccount", ACCOUNTS, ADMINISTRATOR, "Detach its identity.", REASON, "200"),
    (
        "/accounts/{id}/switch-on",
        "post",
        "switchOnAccount",
        ACCOUNTS,
        ADMINISTRATOR,
        "Switch an emergency account on.",
        ("hours", "reason"),
        "200",
    ),
    (
        "/accounts/{id}/password-reset",
        "post",
        "resetLink",
        ACCOUNTS,
        ADMINISTRATOR,
        "Give a link for a password.",
        (),
        "200",
    ),
    (
        "/accounts/{id}/second-factor-reset",
        "post",
        "resetSecondFactors",
        ACCOUNTS,
        ADMINISTRATOR,
        "Take the second factors of whoever lost theirs; give a link for another password.",
        REASON,
        "200",
    ),
    (
        "/accounts/{id}/sessions",
        "delete",
        "endSessionsOfAccount",
        ACCOUNTS,
        ADMINISTRATOR,
        "End its sessions.",
        (),
        "200",
    ),
)

FORMS = frozenset({"csrf", "logout_token"})
NOT_TEXT: Mapping[str, Mapping[str, Any]] = {
    "hours": {"type": "integer"},
    "tenant": {"type": "integer"},
    "roles": {"type": "array", "items": {"type": "string"}},
    "structures": {"type": "array", "items": {"type": "string"}, "nullable": True},
}
SECURITY = {
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-session", "description": "Writes want X-CSRF-Token."}
}


def sign_in_paths() -> dict[str, Any]:
    """Return the paths."""
    paths: dict[str, Any] = {}
    for path, method, identifier, tag, security, summary, fields, status in ROWS:
        operation: dict[str, Any] = {
            "operationId": identifier,
            "summary": summary,
            "tags": [tag],
            "security": security,
            "responses": {
                status: {"description": "Done"},
                "default": {
                    "description": "Refused; the OperationOutcome says why",
                    "content": {"application/fhir+json": {"schema": {"type": "object"}}},
                },
            },
        }
        if fields:
            operation["requestBody"] = _body(fields)
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names:
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
            ]
        paths.setdefault(path, {})[method] = operation
    return paths


def sign_in_document(version: str) -> dict[str, Any]:
    """Return the description of these paths alone."""
    bearer = {"type": "http", "scheme": "bearer", "description": "A token that may do everything (USAGER_AUTH=token)."}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Usager: signing in", "version": version},
        "paths": sign_in_paths(),
        "components": {"securitySchemes": {"bearer": bearer, **SECURITY}},
    }


def _body(fields: Sequence[str]) -> dict[str, Any]:
    media = "application/x-www-form-urlencoded" if FORMS & set(fields) else "application/json"
    properties = {name: NOT_TEXT.get(name, {"type": "string"}) for name in fields}
    return {"required": True, "content": {media: {"schema": {"type": "object", "properties": properties}}}}
