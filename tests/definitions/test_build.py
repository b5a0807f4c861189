"""The data files are what the script makes of HL7's package, and numbers once given stay."""

import gzip
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.proofs.npm import package

ROOT = Path(__file__).parents[2]
DATA = ROOT / "server" / "usager_server" / "definitions" / "data"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import build_definitions  # type: ignore[import-not-found]

    monkeypatch.setattr(build_definitions, "TARGET", tmp_path)
    return sys.modules["build_definitions"]


def test_the_data_files_are_up_to_date(script: ModuleType, tmp_path: Path) -> None:
    script.main([str(package("hl7.fhir.r4.examples", "4.0.1"))])
    assert _contents(tmp_path) == _contents(DATA)


def _contents(folder: Path) -> dict[str, bytes]:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return {name: gzip.decompress(data) if name.endswith(".gz") else data for name, data in files.items()}


def test_a_new_type_gets_the_next_number(script: ModuleType, tmp_path: Path) -> None:
    script.write("type_numbers.json", {"numbers": {"Account": 1, "Zoo": 2}})
    assert script.type_numbers(["Account", "Basic", "Zoo"]) == {"Account": 1, "Zoo": 2, "Basic": 3}
