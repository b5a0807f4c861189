"""`python -m tests.bench.documents`: what reading and writing CDA costs, one core, no server.

A 450 kB N1 is made from the letter of docs/examples, whose N3 are measured too; those of `USAGER_TEST_CDA_SAMPLES` come
as well when it is set. The last column is the peak of memory of a reading, in times the size of the document.
"""

import base64
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree
from rich.console import Console
from rich.table import Table

from tests.cda.documents import EXAMPLES, PUBLIC, around_a_pdf, letter, resources
from usager_cda import bundle_from_cda, cda_from_bundle, read_header
from usager_cda.document import structured_model

ROUNDS, WARM_UP = 150, 20
PDF_BYTES = 336_000


def large_letter() -> bytes:
    """Return an N1 of 450 kB."""
    bundle = letter()
    content = b"%PDF-1.4\n" + random.Random(1).randbytes(PDF_BYTES)  # noqa: S311 - the same every time
    attachment = resources(bundle, "DocumentReference")[0]["content"][0]["attachment"]
    attachment["data"] = base64.b64encode(content).decode("ascii")
    return cda_from_bundle(bundle)


def taken_ms(act: Callable[[], object], rounds: int = ROUNDS, warm_up: int = WARM_UP) -> str:
    """Return the CPU time of an act in milliseconds, after a warm-up: the median, and the fastest tenth.

    On a machine that is doing other things the fastest tenth is the one to compare.
    """
    for _ in range(warm_up):
        act()
    taken = []
    for _ in range(rounds):
        began = time.process_time_ns()
        act()
        taken.append(time.process_time_ns() - began)
    return f"{statistics.median(taken) / 1e6:.2f} ({statistics.quantiles(taken, n=10)[0] / 1e6:.2f})"


def rows() -> Iterator[tuple[str, int, list[str]]]:
    """Yield a name, a size in bytes and the times of each document."""
    paths = [*(EXAMPLES / f"{name}.xml" for name in ("vsm", "synthese-medicale")), *PUBLIC]
    documents = {"N1 of 450 kB (made here)": large_letter()} | {path.stem: path.read_bytes() for path in paths}
    for name, data in documents.items():
        read = bundle_from_cda(data)
        bundle = around_a_pdf(read)
        acts: list[Callable[[], object]] = [
            lambda data=data: etree.fromstring(data, etree.XMLParser(huge_tree=True)),  # type: ignore[misc]
            lambda data=data: read_header(data),  # type: ignore[misc]
            lambda data=data: bundle_from_cda(data),  # type: ignore[misc]
            lambda bundle=bundle: cda_from_bundle(bundle),  # type: ignore[misc]
        ]
        structured = is_structured(read)
        n3 = taken_ms(lambda read=read: cda_from_bundle(read)) if structured else ""  # type: ignore[misc]
        yield name, len(data), [*(taken_ms(act) for act in acts), n3, peak(data)]


def is_structured(bundle: dict[str, Any]) -> bool:
    """Say whether a Bundle that was read is written as N3."""
    composition = next(iter(resources(bundle, "Composition")), None)
    return composition is not None and structured_model(composition) is not None


def peak(data: bytes) -> str:
    """Return the peak of memory of a reading, in times the size of the document; that of lxml's tree is not in it."""
    tracemalloc.start()
    bundle_from_cda(data)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return f"{highest / len(data):.1f}"


def main() -> None:
    """Measure and print the table."""
    table = Table(
        "document",
        "kB",
        "lxml alone",
        "header",
        "transaction",
        "N1 around a small PDF",
        "N3",
        "memory",
        title="CPU, ms: median (fastest tenth)",
    )
    for name, size_bytes, taken in rows():
        table.add_row(name, f"{size_bytes / 1000:.0f}", *taken)
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
