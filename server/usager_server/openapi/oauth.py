"""The paths of the authorization server, there under USAGER_AUTH=smart."""

from collections.abc import Mapping, Sequence
from typing import Any

TAG = "Authorization"
OBJECT = {"application/json": {"schema": {"type": "object"}}}
PROOF = ("client_id", "client_assertion_type", "client_assertion")
REFUSED = {"description": "Refused; error and error_description say why (RFC 6749 5.2)", "content": OBJECT}


def _form(required: Sequence[str], optional: Sequence[str]) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in (*required, *optional)}
    schema = {"type": "object", "required": list(required), "properties": properties}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _described(identifier: str, summary: str, answers: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"operationId": identifier, "summary": summary, "tags": [TAG], "responses": answers, **more}


def _json(description: str) -> dict[str, Any]:
    return {"description": description, "content": OBJECT}


ASKED = ("response_type", "client_id", "redirect_uri", "scope", "state", "aud")
CHALLENGE = ("code_challenge", "code_challenge_method")
ASKED_OPTIONAL = ("launch", "nonce", "prompt", "max_age")
EXCHANGED = ("code", "redirect_uri", "code_verifier", "refresh_token", "scope")
SENT = {
    "303": {"description": "To /sign-in, or back to the application with a code or an error, state and iss"},
    "200": {"description": "The page on which the person decides", "content": {"text/html": {}}},
    "400": {"description": "No such client, or no address of it: a page says so", "content": {"text/html": {}}},
}
OPEN: dict[str, Any] = {"security": []}
BEARER: dict[str, Any] = {"security": [{"bearer": []}]}
CLIENT = {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
CLIENT_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}

PATHS: dict[str, Any] = {
    "/fhir/.well-known/smart-configuration": {
        "get": _described("smartConfiguration", "Say what there is, to SMART.", {"200": _json("It")}, **OPEN)
    },
    "/fhir/.well-known/openid-configuration": {
        "get": _described("openidConfiguration", "Say the same to OpenID Connect.", {"200": _json("It")}, **OPEN)
    },
    "/oauth/jwks": {"get": _described("jwks", "Return our public keys.", {"200": _json("A JWK Set")}, **OPEN)},
    "/oauth/authorize": {
        "get": _described(
            "authorize",
            "Ask a person, signed in or about to be, what an application may do.",
            SENT,
            parameters=[
                {"name": name, "in": "query", "required": name not in ASKED_OPTIONAL, "schema": {"type": "string"}}
                for name in (*ASKED, *CHALLENGE, *ASKED_OPTIONAL)
            ],
            **OPEN,
        ),
        "post": _described(
            "authorizeByPost",
            "Ask the same, the parameters in a form.",
            SENT,
            requestBody=_form((*ASKED, *CHALLENGE), ASKED_OPTIONAL),
            **OPEN,
        ),
    },
    "/oauth/token": {
        "post": _described(
            "token",
            "Give an access token for a code, a refresh token, or a client's own right.",
            {"200": _json("access_token, token_type, expires_in, scope; and more"), "400": REFUSED, "401": REFUSED},
            requestBody=_form(
                ("grant_type",), ("code", "redirect_uri", "code_verifier", "refresh_token", "scope", *PROOF)
            ),
            **OPEN,
        )
    },
    "/oauth/introspect": {
        "post": _described(
            "introspect",
            "Say what a token is worth now (RFC 7662).",
            {"200": _json("active, and what it says"), "400": REFUSED, "401": REFUSED},
            requestBody=_form(("token",), ("token_type_hint", *PROOF)),
            **OPEN,
        )
    },
    "/oauth/revoke": {
        "post": _described(
            "revoke",
            "End a token and all that came of the same grant (RFC 7009).",
            {"200": {"description": "It has ended, or was none"}, "400": REFUSED, "401": REFUSED},
            requestBody=_form(("token",), ("token_type_hint", *PROOF)),
            **OPEN,
        )
    },
    "/oauth/launch": {
        "post": _described(
            "launch",
            "Make the launch with which a record opens an application.",
            {"201": _json("launch, iss, expires_in"), "400": REFUSED, "401": REFUSED, "403": REFUSED, "404": REFUSED},
            requestBody=CLIENT,
            **BEARER,
        )
    },
    "/oauth/clients": {
        "get": _described(
            "listClients",
            "List the clients of the organisation; scope usager/clients.",
            {"200": _json("clients"), "401": REFUSED, "403": REFUSED},
            **BEARER,
        ),
        "post": _described(
            "registerClient",
            "Register a client in the words of RFC 7591; scope usager/clients.",
            {"201": _json("The client"), "400": REFUSED, "401": REFUSED, "403": REFUSED},
            requestBody=CLIENT,
            **BEARER,
        ),
    },
    "/oauth/clients/{id}": {
        "delete": _described(
            "revokeClient",
            "End a client and all its tokens; scope usager/clients.",
            {"204": {"description": "It has ended"}, "401": REFUSED, "403": REFUSED, "404": REFUSED},
            parameters=[CLIENT_ID],
            **BEARER,
        )
    },
}


def authorization_document(version: str) -> dict[str, Any]:
    """Return the OpenAPI document of these paths alone."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Usager: authorization", "version": version, "summary": "SMART on FHIR, USAGER_AUTH=smart"},
        "servers": [{"url": "/"}],
        "tags": [{"name": TAG, "description": "Who may do what: SMART App Launch 2.2, OAuth 2."}],
        "paths": PATHS,
        "components": {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }
