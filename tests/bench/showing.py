"""`python -m tests.bench.showing`: what a page, a PDF and an archive cost, one core, no server.

The collector is set as the server sets it; what `USAGER_TEST_CDA_SAMPLES` names comes too when it is set.
"""

from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from tests.bench.documents import taken_ms
from tests.cda.documents import EXAMPLES, PUBLIC
from tests.cda.pdf import bundles
from usager_cda.pdf import pdf_from_bundle, pdf_from_cda
from usager_cda.render import html_from_cda
from usager_cda.xdm import build_xdm, read_xdm
from usager_server.app import spare_the_collector

ROUNDS, WARM_UP = 100, 5


def acts() -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield what is measured."""
    letter = (EXAMPLES / "lettre-de-liaison.xml").read_bytes()
    archive = build_xdm([letter])
    yield "a letter of one page, as PDF/A-1b", lambda: pdf_from_bundle(bundles.letter())
    yield "a summary of four pages, as PDF/A-1b", lambda: pdf_from_bundle(bundles.summary())
    yield "the page of a letter", lambda: html_from_cda(letter)
    yield "an archive of a letter, written", lambda: build_xdm([letter])
    yield "an archive of a letter, read", lambda: read_xdm(archive)
    for path in PUBLIC:
        data = path.read_bytes()
        yield f"the page of {path.stem}", lambda data=data: html_from_cda(data)  # type: ignore[misc]
        yield f"the PDF of {path.stem}", lambda data=data: pdf_from_cda(data)  # type: ignore[misc]


def main() -> None:
    """Measure and print the table."""
    spare_the_collector()
    table = Table("what", "CPU, ms: median (fastest tenth)")
    for name, act in acts():
        table.add_row(name, taken_ms(act, ROUNDS, WARM_UP))
    Console().print(table)


if __name__ == "__main__":
    main()
