"""Make the backup of the day, and say in the log how it went."""

from datetime import UTC, datetime, time, timedelta

import structlog

from usager_server.backup.errors import BackupFailed
from usager_server.backup.making import back_up
from usager_server.backup.shelf import Shelf, instant_of
from usager_server.jobs.workplace import Workplace

log = structlog.get_logger()


async def back_up_daily(place: Workplace) -> int:
    """Make a backup if there is a folder for it and none since the last time it was due; return how many were made.

    Shape   what lies in the folder says whether it is time: it holds whoever makes it, and after any restart. One that
            fails is tried again at the next turn.
    """
    settings = place.settings
    if settings.backup_folder is None or not _is_due(Shelf(settings.backup_folder), settings.backup_hour):
        return 0
    try:
        made = await back_up(settings)
    except BackupFailed as error:
        log.error("backup failed", error=str(error))
        return 0
    log.info("backup made", backup=made.path.name, bytes=made.size_bytes, seconds=made.seconds, removed=made.removed)
    return 1


def _is_due(shelf: Shelf, hour: int) -> bool:
    now = datetime.now(UTC)
    due = datetime.combine(now.date(), time(hour, tzinfo=UTC))
    if due > now:
        due -= timedelta(days=1)
    newest = shelf.backups(now)
    return not newest or instant_of(newest[0]) < due
