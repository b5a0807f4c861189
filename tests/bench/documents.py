"""`python -m tests.bench.documents`: what reading and writing CDA costs, one core, no server.

A 450 kB N1 is made from the letter of docs/examples; those of `USAGER_TEST_CDA_SAMPLES` come too when it is set.
"""

import base64
import random
import statistics
import time
from collections.abc import Callable, Iterator

from lxml import etree
from rich.console import Console
from rich.table import Table

from tests.cda.documents import PUBLIC, around_a_pdf, letter, resources
from usager_cda import bundle_from_cda, cda_from_bundle, read_header

ROUNDS, WARM_UP = 200, 20
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
    documents = {"N1 of 450 kB (made here)": large_letter()} | {path.stem: path.read_bytes() for path in PUBLIC}
    for name, data in documents.items():
        bundle = around_a_pdf(bundle_from_cda(data))
        acts: list[Callable[[], object]] = [
            lambda data=data: etree.fromstring(data, etree.XMLParser(huge_tree=True)),  # type: ignore[misc]
            lambda data=data: read_header(data),  # type: ignore[misc]
            lambda data=data: bundle_from_cda(data),  # type: ignore[misc]
            lambda bundle=bundle: cda_from_bundle(bundle),  # type: ignore[misc]
        ]
        yield name, len(data), [taken_ms(act) for act in acts]


def main() -> None:
    """Measure and print the table."""
    table = Table(
        "document",
        "kB",
        "lxml alone",
        "header",
        "transaction",
        "N1 around a small PDF",
        title="CPU, ms: median (fastest tenth)",
    )
    for name, size_bytes, taken in rows():
        table.add_row(name, f"{size_bytes / 1000:.0f}", *taken)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
