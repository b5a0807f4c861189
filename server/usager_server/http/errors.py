"""Every exception as a status and an OperationOutcome; what nobody foresaw is logged, and told without detail."""

import structlog

from usager_server.errors import FHIRError, Invalid, operation_outcome
from usager_server.interactions.session import Reply

log = structlog.get_logger()


def error_reply(error: Exception, request_id: str) -> Reply:
    """Return the answer to a request that failed."""
    if isinstance(error, RecursionError):
        error = Invalid("The request is nested too deep", code="too-long")
    if not isinstance(error, FHIRError):
        log.error("unexpected", request_id=request_id, exc_info=error)
        error = FHIRError(f"Internal error; quote request {request_id} when you report it")
    return Reply(error.status, resource=operation_outcome(error.issues), headers=error.headers)
