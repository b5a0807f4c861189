"""The process that applies a rules pack: `python -m usager_cda.validation.worker PACK CACHE`, a request at a time.

Saxon takes a second to start, reads what it is told and is no Python: it runs here, bounded in memory, and whoever asks
stops it when it takes too long. A request and its answer are each a length on four bytes, then as many bytes: the
document; the report in JSON.
"""

import json
import resource
import struct
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from usager_cda.safety import parse_document
from usager_cda.tree import HL7, Element
from usager_cda.validation import schemas
from usager_cda.validation.pack import Pack, PackError
from usager_cda.validation.report import Remark
from usager_cda.validation.schemas import Schema
from usager_cda.validation.schematron import Saxon

LENGTH = struct.Struct(">I")
MEMORY_BYTES = 3 * 1024**3
"""Of data: Saxon's own reservation of addresses is not counted."""

TERMINOLOGIES = "terminologies"
PATH_LIKE = frozenset("/\\:%")


class Rules:
    """A pack with its engines, made when first needed."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.pack = Pack(folder, cache)
        self._schema = Schema(self.pack.schema, self.pack.root) if self.pack.schema else None
        self._saxon: Saxon | None = None

    def apply(self, data: bytes) -> dict[str, object]:
        """Return the report on a document, as plain values. Shape: remarks, applied, left_out as in `Report`."""
        document = parse_document(data)
        report = _Working()
        if self._schema is None:
            report.left_out[schemas.LAYER] = "the pack has no CDA.xsd nor CDA_extended.xsd"
        else:
            schema = self._schema
            report.run(schemas.LAYER, lambda: schema.check(document))
        layers = self.pack.layers(document)
        if layers:
            self._schematrons(document, layers, report)
        return {
            "remarks": [each.as_json() for each in report.remarks],
            "applied": report.applied,
            "left_out": report.left_out,
        }

    def _schematrons(self, document: Element, layers: dict[str, Path], report: "_Working") -> None:
        saxon = self._saxon = self._saxon or Saxon(self.pack.root)
        tree = saxon.tree(document)
        for name, path in layers.items():
            if name == TERMINOLOGIES and _names_a_path(document):
                report.left_out[name] = (
                    "a codeSystem of the document is no OID, and these rules open a file of that name"
                )
            else:
                report.run(name, lambda name=name, path=path: saxon.check(name, path, tree, document))  # type: ignore[misc]


class _Working:
    """A report in the making."""

    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        self.applied: dict[str, float] = {}
        self.left_out: dict[str, str] = {}

    def run(self, layer: str, check: Callable[[], Iterable[Remark]]) -> None:
        """Apply one layer; one that cannot be is left out, with the reason."""
        began = time.perf_counter()
        try:
            self.remarks.extend(check())
        except PackError as error:
            self.left_out[layer] = str(error)
            return
        self.applied[layer] = round((time.perf_counter() - began) * 1e3, 2)


def _names_a_path(document: Element) -> bool:
    systems = (element.get("codeSystem") for element in document.iter(HL7 + "*"))
    return any(system and (PATH_LIKE.intersection(system) or ".." in system) for system in systems)


def serve(rules: Rules, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while len(head := requests.read(LENGTH.size)) == LENGTH.size:
        data = requests.read(LENGTH.unpack(head)[0])
        answer = json.dumps(rules.apply(data)).encode()
        answers.write(LENGTH.pack(len(answer)) + answer)
        answers.flush()


def main() -> None:
    """Serve one pack on standard input and output. A pack that cannot be used is told on standard error, status 2."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    folder, cache = map(Path, sys.argv[1:3])
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # whatever a library prints must not be taken for an answer
    try:
        serve(Rules(folder, cache), sys.stdin.buffer, answers)
    except PackError as error:
        sys.stderr.write(f"usager-pack: {error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
