"""What a stand-in can be told to do wrong."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

LONGEST_DELAY_SECONDS = 300.0
MOST_TIMES = 1000


class FaultKind(StrEnum):
    """The ways in which a service fails."""

    DELAY = "delay"
    DROP = "drop"
    STATUS = "status"
    MALFORMED = "malformed"
    EXPIRED_TOKEN = "expired-token"  # noqa: S105
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Fault:
    """What the next requests meet.

    Shape   delay waits seconds, then answers; drop takes the request and closes the connection without an answer;
            status answers that status; malformed cuts the body in two; expired-token answers 401 as RFC 6750 says;
            duplicate sends the answer twice on one connection. times is how many requests meet it.
    """

    kind: FaultKind
    times: int = 1
    seconds: float = 0.0
    status: int = 503

    def as_json(self) -> dict[str, Any]:
        """Return what the control API takes."""
        return asdict(self)


def parse_fault(given: Any) -> Fault:
    """Return the fault of a JSON object. Errors: ValueError, which says what would be right."""
    if not isinstance(given, Mapping) or given.get("kind") not in list(FaultKind):
        raise ValueError(f'a fault is an object whose "kind" is one of {", ".join(FaultKind)}')
    unknown = sorted(set(given) - {"kind", "times", "seconds", "status"})
    if unknown:
        raise ValueError(f"{unknown[0]} is not a member of a fault; it has kind, times, seconds, status")
    fault = Fault(
        FaultKind(given["kind"]),
        _number(given, "times", 1, MOST_TIMES, 1, whole=True),
        _number(given, "seconds", 0, LONGEST_DELAY_SECONDS, 0),
        _number(given, "status", 400, 599, 503, whole=True),
    )
    if fault.kind is FaultKind.DELAY and not fault.seconds:
        raise ValueError("a delay says how many seconds")
    return fault


def _number(
    given: Mapping[str, Any], name: str, least: float, most: float, default: int, *, whole: bool = False
) -> Any:
    value: Any = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not least <= value <= most:
        raise ValueError(f"{name} is a {'whole ' if whole else ''}number from {least:g} to {most:g}")
    return value
