"""Printing needs the system library Pango: without it, these tests are skipped and say so."""

import pytest

from usager_cda.pdf import PrinterMissing
from usager_cda.pdf.layout import pages_of


@pytest.fixture(scope="session", autouse=True)
def _printer() -> None:
    try:
        pages_of("<p>essai</p>", {})
    except PrinterMissing as error:
        pytest.skip(str(error))
