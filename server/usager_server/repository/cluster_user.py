"""Who runs the embedded PostgreSQL: it refuses to be root, so root lends it to a plain account."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from usager_server.errors import Unavailable

log = logging.getLogger(__name__)

CANDIDATES = ("postgres", "usager")


@dataclass(frozen=True, slots=True)
class Account:
    """A plain account of the machine."""

    uid: int
    gid: int


def database_account(cluster: Path) -> Account | None:
    """Return the account that runs the database: None (ourselves) unless we are root."""
    if os.geteuid() != 0:
        return None
    with suppress(FileNotFoundError):
        status = cluster.stat()
        if status.st_uid != 0:
            return Account(status.st_uid, status.st_gid)
    for name in CANDIDATES:
        with suppress(KeyError):
            return _account(name)
    return _new_account()


def _account(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid)


def _new_account() -> Account:
    program = shutil.which("useradd")
    if program is None:
        raise Unavailable(
            "PostgreSQL does not run as root: start Usager from a plain account, or set USAGER_DATABASE_URL."
        )
    name = CANDIDATES[-1]
    command = [program, "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - a fixed command
    return _account(name)


def own(path: Path, account: Account | None) -> None:
    """Give a file to the account, when there is one."""
    if account is not None:
        os.chown(path, account.uid, account.gid)


def let_through(paths: Iterable[Path], account: Account | None) -> None:
    """Let the account pass (not list) the folders that lead to these paths: a home of root stops everyone otherwise."""
    if account is None:
        return
    for path in paths:
        for folder in path.parents:
            mode = stat.S_IMODE(folder.stat().st_mode)
            if not mode & stat.S_IXOTH:
                log.warning("%s is opened for passage (o+x): the embedded database does not run as root", folder)
                folder.chmod(mode | stat.S_IXOTH)
