"""Page links: opaque, signed, good only for the query and the caller they were made for. No state is kept."""

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

import orjson

from usager_server.errors import Invalid

LIFE_SECONDS = 24 * 3600
_SIGNATURE_BYTES = 16

Key = int | str | float


class Cursors:
    """Seals and opens page links with the secret of this installation, the same on every replica."""

    def __init__(self, secret: bytes) -> None:
        self._key = blake2b(secret, digest_size=32, person=b"usager-cursor").digest()

    def seal(self, values: Sequence[Key], bound_to: str) -> str:
        """Return the link of a place in an order, good for one day.

        Shape   bound_to names what the link is for: tenant, reader and query; the same is needed to open it.
        """
        payload = orjson.dumps([int(time.time()) + LIFE_SECONDS, *values])
        return urlsafe_b64encode(self._sign(payload, bound_to) + payload).rstrip(b"=").decode()

    def open(self, text: str, bound_to: str) -> list[Key]:
        """Return the place that a link stands for. Errors: Invalid (400) when not ours, not for this, or too old."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError as error:
            raise _not_ours() from error
        signature, payload = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._sign(payload, bound_to)):
            raise _not_ours()
        until, *values = orjson.loads(payload)
        if until < time.time():
            raise Invalid("This page link is too old; search again", "_cursor", code="expired")
        return list(values)

    def _sign(self, payload: bytes, bound_to: str) -> bytes:
        # A key of its own for each use, so that text cannot slide between what is signed and what it is bound to.
        key = blake2b(bound_to.encode(), digest_size=32, key=self._key).digest()
        return blake2b(payload, digest_size=_SIGNATURE_BYTES, key=key).digest()


def _not_ours() -> Invalid:
    return Invalid("This page link was not made by this server for this query and caller", "_cursor", code="value")
