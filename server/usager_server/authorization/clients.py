"""A registered client and the rules of its registration, in the words of RFC 7591."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet

from usager_server.access.scopes import BadScope, parse_scopes
from usager_server.authorization.errors import OAuthError
from usager_server.authorization.limits import CLIENT_KEYS, NAME_CHARACTERS, REDIRECTS, SCOPE_CHARACTERS
from usager_server.outbound import OutboundRefused, check_url
from usager_server.wires import is_loopback

ADMINISTRATION = "usager/clients"  # the scope of the admin API; it opens no record
CODE, REFRESH, CREDENTIALS = "authorization_code", "refresh_token", "client_credentials"
GRANT_TYPES = (CODE, REFRESH, CREDENTIALS)
PUBLIC = "none"
METHODS = ("private_key_jwt", PUBLIC)
KEY_ALGORITHMS = {"RSA": "RS384", "EC": "ES384"}
RSA_BITS = 2048
PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
CLIENT_ID = re.compile(r"([1-9][0-9]{0,9})-[A-Za-z0-9_-]{16,64}")

TEXTS = ("client_name", "scope", "token_endpoint_auth_method", "jwks_uri", "client_uri", "launch_uri")
LISTS = ("redirect_uris", "grant_types")
FLAGS = ("trusted", "may_introspect", "tls_client_certificate_bound_access_tokens")
KNOWN = frozenset({*TEXTS, *LISTS, *FLAGS, "jwks"})


@dataclass(frozen=True, slots=True)
class Client:
    """One registered client; metadata is what `registered` returned."""

    id: str
    metadata: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return what a person is shown."""
        return str(self.metadata["client_name"])

    @property
    def redirect_uris(self) -> Sequence[str]:
        """Return the addresses that a person may be sent back to, each compared as a whole."""
        return tuple(self.metadata["redirect_uris"])

    @property
    def scope(self) -> str:
        """Return the most that may be granted."""
        return str(self.metadata["scope"])

    @property
    def is_public(self) -> bool:
        """Whether it cannot prove who it is: an application in a browser or on a telephone."""
        return bool(self.metadata["token_endpoint_auth_method"] == PUBLIC)

    @property
    def is_trusted(self) -> bool:
        """Whether the organisation answers for it, so that people are not asked each time."""
        return bool(self.metadata["trusted"])

    @property
    def may_introspect(self) -> bool:
        """Whether it may ask about tokens of others: a resource server of the organisation."""
        return bool(self.metadata["may_introspect"])

    @property
    def wants_bound_tokens(self) -> bool:
        """Whether its tokens are worth something with its TLS certificate only (RFC 8705)."""
        return bool(self.metadata["tls_client_certificate_bound_access_tokens"])

    def uses(self, grant_type: str) -> bool:
        """Tell whether it was registered for a grant type."""
        return grant_type in self.metadata["grant_types"]


def client_from(client_id: str, metadata: Mapping[str, Any]) -> Client:
    """Return a client as it was stored."""
    return Client(client_id, metadata)


def new_client(tenant: int, asked: Mapping[str, Any], rsa_bits: int = RSA_BITS) -> Client:
    """Return a client to be stored, with a new id. Errors: OAuthError, as `registered`."""
    return Client(f"{tenant}-{secrets.token_urlsafe(18)}", registered(asked, rsa_bits))


def tenant_of(client_id: str) -> int | None:
    """Return behind which wall to look for a client: its id says so; None when it is no id of ours."""
    found = CLIENT_ID.fullmatch(client_id)
    return int(found[1]) if found and int(found[1]) < 2**31 else None


def registered(asked: Mapping[str, Any], rsa_bits: int = RSA_BITS) -> dict[str, Any]:
    """Return the metadata of a client, whole and checked.

    Unit    rsa_bits: what an RSA key has at least.
    Errors  OAuthError invalid_client_metadata or invalid_redirect_uri (RFC 7591 3.2.2), saying what would be right.
    """
    if unknown := set(asked) - KNOWN:
        raise _wrong(f"{min(unknown)[:40]} is not taken here; these are: {', '.join(sorted(KNOWN))}")
    metadata: dict[str, Any] = {name: _text(asked, name) for name in TEXTS}
    metadata |= {name: _flag(asked, name) for name in FLAGS}
    metadata |= {"redirect_uris": _list(asked, "redirect_uris"), "grant_types": _list(asked, "grant_types") or [CODE]}
    metadata["token_endpoint_auth_method"] = metadata["token_endpoint_auth_method"] or METHODS[0]
    metadata["jwks"] = asked.get("jwks")
    if not 0 < len(metadata["client_name"]) <= NAME_CHARACTERS or not metadata["client_name"].isprintable():
        raise _wrong(f"client_name is what people are shown: 1 to {NAME_CHARACTERS} characters on one line")
    _check_grant_types(metadata)
    _check_redirects(metadata)
    _check_keys(metadata, rsa_bits)
    _check_scope(metadata)
    return metadata


def check_jwks(jwks: Any, rsa_bits: int = RSA_BITS) -> KeySet:
    """Return the public keys of a client, each with its id. Errors: OAuthError invalid_client_metadata."""
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= CLIENT_KEYS or not all(isinstance(it, dict) for it in keys):
        raise _wrong(f"jwks must be a JWK Set of 1 to {CLIENT_KEYS} keys")
    for place, key in enumerate(keys):
        _check_key(key, f"jwks.keys[{place}]", rsa_bits)
    if len({key["kid"] for key in keys}) < len(keys):
        raise _wrong("two keys of jwks have the same kid")
    try:
        return KeySet([JWKRegistry.import_key(key) for key in keys])
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _wrong("jwks holds a key that cannot be read") from error


def _check_key(key: Mapping[str, Any], where: str, rsa_bits: int) -> None:
    if not isinstance(key.get("kid"), str) or not 0 < len(key["kid"]) <= 100:
        raise _wrong(f"{where} needs a kid of at most 100 characters")
    if key.get("kty") not in KEY_ALGORITHMS or (key["kty"] == "EC" and key.get("crv") != "P-384"):
        raise _wrong(f"{where} must be RSA (for RS384) or EC on P-384 (for ES384)")
    if "d" in key or "k" in key:
        raise _wrong(f"{where} is a private key: keep it, and send the public part")
    if key.get("alg", KEY_ALGORITHMS[key["kty"]]) != KEY_ALGORITHMS[key["kty"]] or key.get("use", "sig") != "sig":
        raise _wrong(f"{where} must be for signatures with RS384 or ES384")
    if key["kty"] == "RSA" and len(str(key.get("n", ""))) * 6 < rsa_bits:
        raise _wrong(f"{where} must have {rsa_bits} bits at least")


def _check_grant_types(metadata: Mapping[str, Any]) -> None:
    types = metadata["grant_types"]
    if unknown := set(types) - set(GRANT_TYPES):
        raise _wrong(f"grant_types: {min(unknown)[:40]} is not one of {', '.join(GRANT_TYPES)}")
    if metadata["token_endpoint_auth_method"] not in METHODS:
        raise _wrong(f"token_endpoint_auth_method must be {' or '.join(METHODS)}: no secrets are shared here")
    if CREDENTIALS in types and metadata["token_endpoint_auth_method"] == PUBLIC:
        raise _wrong("client_credentials needs private_key_jwt: a public client acts for a person only")
    if REFRESH in types and CODE not in types:
        raise _wrong("refresh_token comes with authorization_code")


def _check_redirects(metadata: Mapping[str, Any]) -> None:
    addresses = metadata["redirect_uris"]
    if (CODE in metadata["grant_types"]) != bool(addresses) or len(addresses) > REDIRECTS:
        raise _wrong_redirect(f"authorization_code needs 1 to {REDIRECTS} of them, the others none")
    for address in addresses:
        _check_redirect(address, metadata["token_endpoint_auth_method"] == PUBLIC)


def _check_redirect(address: str, is_public: bool) -> None:
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError as error:
        raise _wrong_redirect("one of them is no address") from error
    if not address.isascii() or not address.isprintable() or set(address) & set(" *\\<>\"'`;,"):
        raise _wrong_redirect("they are plain ASCII without wildcards, quotes, commas or backslashes")
    if "#" in address or parts.username is not None:
        raise _wrong_redirect("they have neither fragment nor user")
    of_an_app = is_public and PRIVATE_SCHEME.fullmatch(parts.scheme) is not None
    if not of_an_app and not (host and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))):
        raise _wrong_redirect("they are https, http on the loopback, or com.example.app: for a public client")


def _check_keys(metadata: Mapping[str, Any], rsa_bits: int) -> None:
    jwks, address = metadata["jwks"], metadata["jwks_uri"]
    if metadata["token_endpoint_auth_method"] == PUBLIC:
        if jwks is not None or address:
            raise _wrong("a public client has no keys")
        return
    if (jwks is None) == (not address):
        raise _wrong("private_key_jwt needs jwks or jwks_uri, one of them")
    if jwks is not None:
        check_jwks(jwks, rsa_bits)
    else:
        try:
            check_url(address)
        except OutboundRefused as error:
            raise _wrong(f"jwks_uri {error}") from error


def _check_scope(metadata: Mapping[str, Any]) -> None:
    words = metadata["scope"].split()
    if not words or len(metadata["scope"]) > SCOPE_CHARACTERS:
        raise _wrong(f"scope is the most that may be granted: at most {SCOPE_CHARACTERS} characters, not none")
    try:
        contexts = {parsed.context for word in words for parsed in parse_scopes(word)}
    except BadScope as error:
        raise _wrong(f"scope: {error}") from error
    if ADMINISTRATION in words and contexts:
        raise _wrong(f"{ADMINISTRATION} stands alone: who administers holds no clinical scope")
    if ("system" in contexts or ADMINISTRATION in words) and CREDENTIALS not in metadata["grant_types"]:
        raise _wrong("system/ scopes need the grant type client_credentials")
    if metadata["trusted"] and metadata["token_endpoint_auth_method"] == PUBLIC:
        raise _wrong("trusted is for clients that can prove who they are: who a public one is, people are asked")
    if "offline_access" in words and metadata["token_endpoint_auth_method"] == PUBLIC:
        raise _wrong("offline_access is for clients that can prove who they are: a public one asks for online_access")


def _text(asked: Mapping[str, Any], name: str) -> str:
    value = asked.get(name, "")
    if not isinstance(value, str):
        raise _wrong(f"{name} is a text")
    return value.strip()


def _flag(asked: Mapping[str, Any], name: str) -> bool:
    value = asked.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(f"{name} is true or false")
    return value


def _list(asked: Mapping[str, Any], name: str) -> list[str]:
    value = asked.get(name, [])
    if not isinstance(value, list) or not all(isinstance(it, str) for it in value):
        raise _wrong(f"{name} is a list of texts")
    return list(dict.fromkeys(value))


def _wrong(description: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", description)


def _wrong_redirect(description: str) -> OAuthError:
    return OAuthError("invalid_redirect_uri", f"redirect_uris: {description}")
