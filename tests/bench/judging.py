"""`python -m tests.bench.judging`: what judging a CDA costs, by our own rules and by a rules pack, one core, no server.

The samples of `USAGER_TEST_CDA_SAMPLES` come too when it is set, and the layers of the pack `USAGER_TEST_CDA_RULES`,
compiled into `USAGER_TEST_CDA_CACHE` the first time. CPU time, that of the worker process for a pack.
"""

import os
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench.documents import taken_ms
from tests.cda.documents import PUBLIC, everything
from usager_cda.safety import parse_document
from usager_cda.validation import check_document
from usager_cda.validation.engine import RulesEngine
from usager_cda.validation.own import check_tree

ROUNDS, WARM_UP = 10, 3


def pack_ms(engine: RulesEngine, data: bytes) -> str:
    """Return the CPU time of all the layers of a pack in milliseconds, once warm: the median and the least."""
    taken = []
    for turn in range(ROUNDS + WARM_UP):
        before = _worker_seconds(engine)
        engine.validate(data)
        if turn >= WARM_UP:
            taken.append((_worker_seconds(engine) - before) * 1e3)
    return f"{statistics.median(taken):.0f} ({min(taken):.0f})"


def _worker_seconds(engine: RulesEngine) -> float:
    if engine.worker is None:
        return 0.0
    spent = psutil.Process(engine.worker).cpu_times()
    return float(spent.user + spent.system)


def rows(engine: RulesEngine | None) -> Iterator[list[str]]:
    """Yield the name, the size and the times of each document."""
    documents = {"everything.xml (ours)": everything()} | {path.stem: path.read_bytes() for path in PUBLIC}
    for name, data in documents.items():
        root = parse_document(data)
        own = taken_ms(lambda root=root: check_tree(root))  # type: ignore[misc]
        whole = taken_ms(lambda data=data: check_document(data))  # type: ignore[misc]
        yield [name, f"{len(data) / 1000:.0f}", own, whole, pack_ms(engine, data) if engine else "-"]


def main() -> None:
    """Measure and print the table."""
    pack = os.environ.get("USAGER_TEST_CDA_RULES")
    table = Table("document", "kB", "our rules ms", "with the parse", "all layers ms")
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(os.environ.get("USAGER_TEST_CDA_CACHE", folder))
        engine = RulesEngine(Path(pack), cache) if pack else None
        for row in rows(engine):
            table.add_row(*row)
        if engine:
            engine.close()
    Console().print(table)


if __name__ == "__main__":
    main()
