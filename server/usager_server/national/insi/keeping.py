"""The answers of INSi, kept here until somebody accepts them: a client names one, and cannot write one."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from usager_server.accounts.tickets import Ticket, Tickets
from usager_server.identity.events import Retrieved
from usager_server.identity.evidence import Source
from usager_server.identity.matricule import Matricule
from usager_server.identity.traits import Traits
from usager_server.repository.running import Runner
from usager_server.sealing import Sealer, own_key_file, read_keys
from usager_server.settings import Settings

KEPT_FOR = timedelta(hours=24)
KEPT_FOR_A_TASK = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Kept:
    """One answer. Shape: patient and version are those compared with it, "" and 0 for a person to be created."""

    retrieved: Retrieved
    patient: str = ""
    version: int = 0


class Answers:
    """The answers of every tenant, sealed; each is good for one acceptance."""

    def __init__(self, settings: Settings, lifetime: timedelta = KEPT_FOR) -> None:
        self._tickets = Tickets("insi-answer", lifetime, sealer(settings))

    async def put(self, runner: Runner, now: datetime, kept: Kept) -> str:
        """Keep an answer inside a transaction, and return the name that it goes by."""
        data = {"retrieved": asdict(kept.retrieved), "patient": kept.patient, "version": kept.version}
        key = await self._tickets.put(runner, now, data)
        assert key is not None  # noqa: S101 - 32 random bytes are nobody else's
        return key

    async def look(self, runner: Runner, now: datetime, key: str) -> Kept | None:
        """Return an answer and leave it, None when it is unknown, accepted or too old."""
        return _kept(await self._tickets.look(runner, now, key))

    async def take(self, runner: Runner, now: datetime, key: str) -> Kept | None:
        """Return an answer inside a transaction, which uses it up; None as in `look`."""
        return _kept(await self._tickets.take(runner, now, key))


def sealer(settings: Settings) -> Sealer:
    """Return what seals for these settings. Errors: SealError when the keys will not do."""
    return _sealer(settings.sealing_key_file or own_key_file(settings.data_dir))


@cache
def _sealer(path: Path) -> Sealer:
    return Sealer(read_keys(path))


def _kept(ticket: Ticket | None) -> Kept | None:
    if ticket is None:
        return None
    data: Mapping[str, Any] = ticket.data
    found = dict(data["retrieved"])
    found["traits"] = Traits(**found["traits"])
    found["history"] = tuple(Matricule(**it) for it in found["history"])
    found["source"] = Source(found["source"])
    return Kept(Retrieved(**found), data["patient"], data["version"])
