"""`usager cda to-fhir` and `usager cda from-fhir`: documents in files become resources in files, and back."""

from collections.abc import Callable, Sequence
from pathlib import Path

from usager_server.definitions import load
from usager_server.documents.batch import Made, run
from usager_server.documents.conversion import bundle_from_document
from usager_server.documents.production.making import is_printable, produce, write
from usager_server.errors import Invalid, Issue
from usager_server.jsontext import build_json, parse_json
from usager_server.validation.structure import Structure

REFUSING = ("fatal", "error")


def to_fhir(paths: Sequence[Path], out: Path) -> int:
    """Write the transaction Bundle of each CDA document, and return the exit code."""
    return run(paths, out, ".xml", _bundle_of, "read")


def from_fhir(paths: Sequence[Path], out: Path, *, prints: bool, writes_vsm: bool) -> int:
    """Write the CDA of each Bundle, and its PDF beside it when it is printed; return the exit code."""
    return run(paths, out, ".json", _document_maker(prints=prints, writes_vsm=writes_vsm), "written")


def _bundle_of(data: bytes) -> Made:
    return Made({".json": build_json(bundle_from_document(data), pretty=True)})


def _document_maker(*, prints: bool, writes_vsm: bool) -> Callable[[bytes], Made]:
    structure = Structure(load())

    def make(data: bytes) -> Made:
        bundle = parse_json(data)
        broken = [each for each in structure.check(bundle, "Bundle") if each.severity in REFUSING]
        if broken:
            raise Invalid(issues=broken)
        if prints and is_printable(bundle, (), None):
            made = produce(bundle, (), None, writes_vsm=writes_vsm)
            return Made({".xml": made.cda, ".pdf": made.pdf}, _told(made.issues))
        document, issues = write(bundle, (), None, writes_vsm=writes_vsm)
        return Made({".xml": document}, _told(issues))

    return make


def _told(issues: Sequence[Issue]) -> Sequence[str]:
    return [f"{issue.severity}: {issue.diagnostics}" for issue in issues]
