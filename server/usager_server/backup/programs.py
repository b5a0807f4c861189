"""PostgreSQL's own programs, pg_dump and pg_restore: found in the version that is wanted, run without a password shown.

Passwords go by the environment, since the arguments of a process are seen by everyone on the machine.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE
from tempfile import TemporaryFile
from typing import IO
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from usager_server.backup.errors import BackupFailed, BackupRefused
from usager_server.errors import Unavailable
from usager_server.repository.embedded import wheel_binaries
from usager_server.wires import is_verified

# Where the packages of Debian and of Red Hat put them, beside what PATH finds.
FOLDERS = ("/usr/lib/postgresql/{0}/bin", "/usr/pgsql-{0}/bin")
VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
STOP_SECONDS = 20
# Making the indexes is what takes longest in a restoration: let it sort in memory.
UNBOUNDED = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0"
OPTIONS = f"{UNBOUNDED} -c maintenance_work_mem=256MB"


@dataclass(frozen=True, slots=True)
class Programs:
    """The folder where the programs of one major version are."""

    folder: Path
    major: int

    @contextmanager
    def dumping(self, url: str, snapshot: str) -> Iterator["Running"]:
        """Yield pg_dump at work on a snapshot, its archive on its standard output; killed if the block ends early.

        Shape   the custom format, compressed a little. What is not logged is worth nothing after a crash, nor here. How
            columns are compressed is left to the server they come to: some are built without lz4.
        """
        words = ["--format=custom", "--compress=1", "--no-unlogged-table-data", "--no-toast-compression"]
        words.append(f"--snapshot={snapshot}")
        with _running(self.folder / "pg_dump", url, words, stdout=PIPE) as found:
            yield found

    @contextmanager
    def restoring(self, url: str, compression: str) -> Iterator["Running"]:
        """Yield pg_restore, which takes an archive on its standard input: all of it is there in the end, or nothing.

        Shape   compression: how the server shall compress long values.
        """
        words = ["--single-transaction", "--exit-on-error"]
        options = f"{OPTIONS} -c default_toast_compression={compression}"
        with _running(self.folder / "pg_restore", url, words, options, stdin=PIPE) as found:
            yield found

    @contextmanager
    def reading(self) -> Iterator["Running"]:
        """Yield pg_restore, which reads an archive from its standard input to its end, and writes it nowhere."""
        with _running(self.folder / "pg_restore", None, ["--file=/dev/null"], stdin=PIPE) as found:
            yield found


class Running:
    """A program at work."""

    def __init__(self, process: "subprocess.Popen[bytes]", told: IO[bytes]) -> None:
        self._process = process
        self._told = told

    @property
    def output(self) -> IO[bytes]:
        """What it writes."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        return self._process.stdout

    @property
    def input(self) -> IO[bytes]:
        """What it reads."""
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        return self._process.stdin

    def end(self) -> None:
        """Wait until it has ended well. Errors: BackupFailed, with the first line of its complaint."""
        if self._process.stdin is not None:
            _close(self._process.stdin)
        if self._process.wait():
            raise BackupFailed(self.complaint())

    def complaint(self) -> str:
        """Return the first error that it told. The lines below it may quote a row, and are not shown."""
        self._told.seek(0)
        lines = self._told.read(1 << 16).decode(errors="replace").splitlines()
        name = Path(str(self._process.args[0])).name if isinstance(self._process.args, list) else "it"
        first = next((line for line in lines if "error:" in line), "it was ended from outside")
        return first if first.startswith(name) else f"{name}: {first}"


def find_programs(least: int, *, most: int | None = None, embedded: bool, url: str | None = None) -> Programs:
    """Return the programs whose major version is at least this, and at most that.

    Shape   embedded: those of the wheel, which belong to the embedded server. Otherwise what PATH finds, then the usual
            folders, then the wheel, whose programs speak no TLS: not where url, the address they are for, wants it.
    Errors  BackupRefused, with what was found and what is wanted.
    """
    seen = []
    for folder in [wheel_binaries()] if embedded else _folders(least, most or least, is_verified(url or "")):
        major = _major(folder)
        if major is None:
            continue
        if least <= major <= (most or major):
            return Programs(folder, major)
        seen.append(f"{major} in {folder}")
    wanted = f"{least}" if most == least else f"{least} or later" if most is None else f"{least} to {most}"
    raise BackupRefused(
        f"pg_dump and pg_restore of PostgreSQL {wanted} are not here (found: {', '.join(seen) or 'none'}): "
        f"install them, on Debian postgresql-client-{most or least}"
    )


def _folders(least: int, most: int, is_tls_wanted: bool) -> Iterator[Path]:
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent
    for major in range(most, least - 1, -1):
        yield from (Path(folder.format(major)) for folder in FOLDERS)
    if is_tls_wanted:
        return
    try:
        yield wheel_binaries()
    except Unavailable:
        return


def _major(folder: Path) -> int | None:
    """Return the major version of the programs in a folder, None without both."""
    if not (folder / "pg_dump").exists() or not (folder / "pg_restore").exists():
        return None
    asked: list[str | Path] = [folder / "pg_dump", "--version"]  # where PostgreSQL's own programs are looked for
    told = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - nothing from outside
    found = VERSION.search(told.stdout)
    return int(found[1]) if found else None


@contextmanager
def _running(
    program: Path,
    url: str | None,
    words: list[str],
    options: str = OPTIONS,
    *,
    stdin: int = DEVNULL,
    stdout: int = DEVNULL,
) -> Iterator[Running]:
    environment: Mapping[str, str] = {**os.environ, "LC_ALL": "C"}
    if url is not None:
        address, password = without_password(url)
        environment = {**environment, "PGOPTIONS": options, **({"PGPASSWORD": password} if password else {})}
        words = [*words, "--no-password", f"--dbname={address}"]
    with TemporaryFile() as told:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs, our own arguments
            [str(program), *words], stdin=stdin, stdout=stdout, stderr=told, env=environment
        )
        try:
            yield Running(process, told)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(STOP_SECONDS)
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    _close(pipe)


def _close(pipe: IO[bytes]) -> None:
    with suppress(BrokenPipeError):  # what was left to write has no reader: the program has ended, and says why
        pipe.close()


def without_password(url: str) -> tuple[str, str | None]:
    """Return an address without its password, and the password."""
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    named = dict(query).get("password")
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.partition(':')[0]}@{host}" if user else host
    rest = urlencode([(name, value) for name, value in query if name != "password"])
    clear = None if parts.password is None else unquote(parts.password)
    address = f"{parts.scheme}://{netloc}{parts.path}{'?' if rest else ''}{rest}"
    return address, named if named is not None else clear
