"""The authorization server, put together: what it is made of, once for a process."""

from dataclasses import dataclass
from pathlib import Path

from usager_server.authorization.authenticating import Authentication
from usager_server.authorization.bearers import Bearers
from usager_server.authorization.client_keys import ClientKeys
from usager_server.authorization.deciding import Decisions
from usager_server.authorization.discovery import Addresses
from usager_server.authorization.exchange import Exchange
from usager_server.authorization.introspecting import Introspection
from usager_server.authorization.keys import SigningKeys, ensure_keys
from usager_server.authorization.liveness import Liveness
from usager_server.authorization.memory import Memories
from usager_server.authorization.scopes import Check
from usager_server.authorization.signed_in import Sessions
from usager_server.authorization.tokens import Tokens
from usager_server.networks import parse_networks
from usager_server.outbound import Outbound
from usager_server.settings import Settings


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """Each of its counters by name."""

    addresses: Addresses
    keys: SigningKeys
    memories: Memories
    sessions: Sessions
    authentication: Authentication
    decisions: Decisions
    exchange: Exchange
    introspection: Introspection
    bearers: Bearers
    binds_certificates: bool
    client_rsa_bits: int
    check: Check


def keys_path(settings: Settings) -> Path:
    """Return the file of the signing keys."""
    return settings.signing_keys_file or settings.data_dir / "signing-keys.json"


def open_server(
    settings: Settings, memories: Memories, sessions: Sessions, outbound: Outbound, check: Check
) -> AuthorizationServer:
    """Return the authorization server of these settings; check: whether a scope can be held as it is narrowed.

    Errors  KeysError when USAGER_SIGNING_KEYS_FILE names a file that will not do; without it one is made in the data
            folder.
    """
    if settings.base_url is None:
        raise ValueError("USAGER_AUTH=smart needs USAGER_BASE_URL")
    if settings.signing_keys_file is None:
        ensure_keys(keys_path(settings))
    addresses, keys = Addresses(settings.base_url), SigningKeys(keys_path(settings))

    binds_certificates = bool(parse_networks(settings.certificate_proxies))
    client_keys = ClientKeys(outbound, settings.client_rsa_bits)
    authentication = Authentication(memories, client_keys, addresses.at("token"))
    tokens, liveness = Tokens(keys, addresses.base), Liveness(memories, sessions)
    return AuthorizationServer(
        addresses=addresses,
        keys=keys,
        memories=memories,
        sessions=sessions,
        authentication=authentication,
        decisions=Decisions(memories, authentication, addresses.base, check),
        exchange=Exchange(memories, authentication, tokens, liveness, settings.access_token_seconds, check),
        introspection=Introspection(memories, authentication, tokens, liveness),
        bearers=Bearers(tokens, liveness, binds_certificates=binds_certificates),
        binds_certificates=binds_certificates,
        client_rsa_bits=settings.client_rsa_bits,
        check=check,
    )
