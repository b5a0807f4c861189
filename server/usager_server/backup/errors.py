"""What keeps a backup from being made, verified or restored; each text is for the operator, and names no data."""


class BackupFailed(Exception):
    """It failed on the way: a full disk, a program that stopped, a check that does not hold."""


class BackupRefused(BackupFailed):
    """It was not begun: a key, a setting, a database or a version is not what it takes."""


class BackupDamaged(BackupFailed):
    """A backup is not what was written: altered, cut short, or not whole."""
