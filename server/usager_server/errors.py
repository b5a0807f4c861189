"""What can go wrong, in FHIR's terms: raised anywhere below the door, rendered once in `http/errors.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Issue:
    """One finding of an OperationOutcome.

    Shape   severity fatal | error | warning | information; code from issue-type; expression a FHIRPath or None.
    Source  FHIR R4 operationoutcome.html.
    """

    severity: str
    code: str
    diagnostics: str
    expression: str | None = None

    def as_fhir(self) -> dict[str, Any]:
        """Return the issue as a component of an OperationOutcome."""
        issue: dict[str, Any] = {"severity": self.severity, "code": self.code, "diagnostics": self.diagnostics}
        if self.expression is not None:
            issue["expression"] = [self.expression]
        return issue


def operation_outcome(issues: Sequence[Issue]) -> dict[str, Any]:
    """Return the OperationOutcome that carries these issues, in their order."""
    return {"resourceType": "OperationOutcome", "issue": [issue.as_fhir() for issue in issues]}


class FHIRError(Exception):
    """A refusal that the caller can read: an HTTP status and the issues of its OperationOutcome."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "exception"

    def __init__(
        self,
        diagnostics: str = "",
        expression: str | None = None,
        *,
        code: str | None = None,
        issues: Sequence[Issue] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(diagnostics)
        self.issues = tuple(issues) or (Issue("error", code or self.code, diagnostics, expression),)
        self.headers = dict(headers or {})


class Invalid(FHIRError):
    """The request is not what FHIR says it must be."""

    status, code = 400, "invalid"


class LoginRequired(FHIRError):
    """Nobody is calling: no token, or one that is not ours."""

    status, code = 401, "login"


class Forbidden(FHIRError):
    """The caller is known and may not do this."""

    status, code = 403, "forbidden"


class NotFound(FHIRError):
    """There is no such resource, type, version or operation here."""

    status, code = 404, "not-found"


class MethodNotAllowed(FHIRError):
    """The address exists but not with this HTTP method."""

    status, code = 405, "not-supported"


class NotAcceptable(FHIRError):
    """None of the formats asked for can be produced."""

    status, code = 406, "not-supported"


class TooSlow(FHIRError):
    """The client stopped in the middle of its request."""

    status, code = 408, "timeout"


class Conflict(FHIRError):
    """The act contradicts the state of the server (a reference still in use, a duplicate key)."""

    status, code = 409, "conflict"


class Gone(FHIRError):
    """The resource was deleted."""

    status, code = 410, "deleted"


class VersionConflict(FHIRError):
    """If-Match names another version than the current one."""

    status, code = 412, "conflict"


class MultipleMatches(FHIRError):
    """A conditional interaction found more than one resource."""

    status, code = 412, "multiple-matches"


class TooLarge(FHIRError):
    """The body is over the limit."""

    status, code = 413, "too-long"


class AddressTooLong(FHIRError):
    """The URL is over the limit."""

    status, code = 414, "too-long"


class UnsupportedMediaType(FHIRError):
    """The Content-Type of the body is not one this address reads."""

    status, code = 415, "not-supported"


class Unprocessable(FHIRError):
    """The resource is well-formed and breaks a rule of FHIR or of a profile."""

    status, code = 422, "invariant"


class HeadersTooLarge(FHIRError):
    """The headers are over the limit."""

    status, code = 431, "too-long"


class Throttled(FHIRError):
    """Too many requests."""

    status, code = 429, "throttled"


class TooCostly(FHIRError):
    """The query would take more than its budget; the diagnostics name the cause."""

    status, code = 403, "too-costly"


class ServiceRefused(Exception):
    """A national service said no, or something that cannot be read: a person must act. Raised by its client."""


class ServiceDown(Exception):
    """A national service does not answer: try later. Raised by its client."""


class Unavailable(FHIRError):
    """Something this server needs is down; the same request may pass later."""

    status, code = 503, "transient"
