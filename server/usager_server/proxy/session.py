"""A session of the proxy: one professional, signed in at Pro Santé Connect for one piece of software."""

import os
import re
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

import orjson

from usager_server.national.psc.exchange import ApiToken
from usager_server.national.psc.tokens import PscTokens
from usager_server.requirements import fulfils

ID_SHAPE = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Session:
    """One session. Shape: digest is that of the id in the cookie; shown_id is how the traces name it."""

    digest: bytes
    client_id: str
    national_id: str
    session_state: str
    shown_id: str


@dataclass(frozen=True, slots=True)
class Held:
    """The token of one API as a session holds it. Shape: certificate is the digest of the one that binds it."""

    token: ApiToken
    certificate: bytes


def new_session_id() -> str:
    """Return 256 random bits, as the cookie holds them."""
    return urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def digest_of(session_id: str) -> bytes | None:
    """Return what the database knows of a session id, None for what cannot be one."""
    return sha256(session_id.encode()).digest() if ID_SHAPE.fullmatch(session_id) else None


def text_of(token: ApiToken) -> bytes:
    """Return the token of an API as text, to be sealed at once."""
    return orjson.dumps(asdict(token))


@fulfils("SC.MSS/CONF.28")
def text_without_access(tokens: PscTokens) -> bytes:
    """Return what may be kept of the tokens of Pro Santé Connect, to be sealed at once: all but the access token."""
    return orjson.dumps(asdict(tokens) | {"access_token": ""})


def psc_tokens(text: bytes) -> PscTokens:
    """Return the tokens of such a text. Shape: the access token is empty."""
    found = orjson.loads(text)
    lasting = found["refresh_expires"]
    return PscTokens(
        **found
        | {
            "access_token": "",
            "expires": datetime.fromisoformat(found["expires"]),
            "refresh_expires": datetime.fromisoformat(lasting) if lasting else None,
        }
    )


def api_token(text: bytes) -> ApiToken:
    """Return the token of such a text."""
    found = orjson.loads(text)
    return ApiToken(**found | {"expires": datetime.fromisoformat(found["expires"])})
