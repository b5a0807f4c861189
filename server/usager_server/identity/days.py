"""The day that an instant was in France, where identities are checked and INSi is asked."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo

PARIS = "Europe/Paris"


def day_in_france(moment: str) -> str:
    """Return the day (YYYY-MM-DD) in Europe/Paris of an instant: after midnight there, UTC is still at the day before.

    Shape   an instant without offset is one of UTC.
    """
    instant = datetime.fromisoformat(moment)
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).astimezone(_paris()).date().isoformat()


@cache
def _paris() -> ZoneInfo:
    return ZoneInfo(PARIS)  # reads a file: not at start
