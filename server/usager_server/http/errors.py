"""Every exception as a status and an OperationOutcome; what nobody foresaw is logged, and told without detail."""

from dataclasses import replace

import structlog

from usager_server.errors import FHIRError, Invalid, Issue, operation_outcome
from usager_server.interactions.session import Reply

log = structlog.get_logger()


def error_reply(error: Exception, request_id: str, resource_type: str = "") -> Reply:
    """Return the answer to a request that failed.

    Shape   resource_type is that of the address: where the text of a body breaks off, no closer place can be named.
    """
    if isinstance(error, RecursionError):
        error = Invalid("The request is nested too deep", code="too-long")
    if not isinstance(error, FHIRError):
        log.error("unexpected", request_id=request_id, exc_info=error)
        error = FHIRError(f"Internal error; quote request {request_id} when you report it")
    issues = [_placed(issue, resource_type) for issue in error.issues]
    return Reply(error.status, resource=operation_outcome(issues), headers=error.headers)


def _placed(issue: Issue, resource_type: str) -> Issue:
    if issue.expression is not None or issue.code != "structure" or not resource_type:
        return issue
    return replace(issue, expression=resource_type)
