"""Calls whose TLS failed, told apart from services that are down: in the log, and counted for /metrics.

A person must act on the first (a certificate that has expired, an authority that is not trusted, somebody in between);
time mends the second.
"""

import ssl
from collections import Counter

import structlog

log = structlog.get_logger()

DOWN = (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

FAILED: Counter[str] = Counter()
"""How often, by service, since this process began."""


def why(service: str, error: BaseException) -> str:
    """Return why a call gave no answer; when its TLS failed, it is logged and counted.

    Shape   service is one of a few names of ours, or one that the operator gave; nothing of the call, of what the other
            end sent, or of whoever called is in the text.
    """
    failure = failure_of(error)
    if failure is None:
        return type(error).__name__
    reason = _reason(failure)
    FAILED[service] += 1
    log.error("TLS failed", service=service, reason=reason)
    return f"TLS failed: {reason}"


def failure_of(error: BaseException) -> ssl.SSLError | None:
    """Return the failure of TLS that an error comes from, None when it comes from none.

    Shape   an end of the connection in the middle of TLS is none, whoever restarts does that; nor is a handshake that
            waits for the other end until our time is over.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return None if isinstance(cause, DOWN) else cause
        cause = cause.__cause__ or cause.__context__
    return None


def _reason(failure: ssl.SSLError) -> str:
    if isinstance(failure, ssl.SSLCertVerificationError):
        return failure.verify_message
    return str(failure.reason or type(failure).__name__).lower().replace("_", " ")
