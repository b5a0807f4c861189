"""Documents against a rules pack: one long-lived worker process, stopped when it takes too long, started again."""

import json
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from usager_cda.validation.own import check_document
from usager_cda.validation.pack import PackError
from usager_cda.validation.report import Remark, Report

FIRST_SECONDS, USUAL_SECONDS = 600.0, 60.0
"""The first documents wait while schematrons are compiled; what is compiled is kept beside the copy of the pack."""

LENGTH_BYTES = 4
PIECE_BYTES = 1 << 16
RULES = "rules"


class RulesEngine:
    """Validates documents by our own rules and by a pack. One document at a time; may be shared by threads.

    Shape   folder: the pack; cache: where its private copy and what is compiled are kept.
    """

    def __init__(self, folder: Path, cache: Path, *, seconds: float = USUAL_SECONDS) -> None:
        self._command = [sys.executable, "-m", "usager_cda.validation.worker", str(folder), str(cache)]
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._known: set[str] = set()
        self._lock = threading.Lock()
        self._errors: BinaryIO | None = None

    def validate(self, data: bytes) -> Report:
        """Return all that is found.

        Shape   a document that cannot be read is not given to the pack; a pack that fails or takes too long is in
                left_out.
        Errors  PackError when the pack cannot be used at all.
        """
        own = check_document(data)
        if any(remark.rule in ("xml", "size", "root") for remark in own.remarks):
            return own
        with self._lock:
            answer = self._asked(data)
        remarks = [*own.remarks, *(Remark(**each) for each in answer["remarks"])]
        return Report(remarks, {**own.applied, **answer["applied"]}, {**own.left_out, **answer["left_out"]})

    @property
    def worker(self) -> int | None:
        """Return the number of the worker process, None when there is none."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Stop the worker."""
        with self._lock:
            self._stop()

    def _asked(self, data: bytes) -> dict[str, Any]:
        process = self._running()
        patience = FIRST_SECONDS if len(self._known) < 2 else self._seconds
        try:
            answer = _exchange(process, data, time.monotonic() + max(patience, self._seconds))
        except (TimeoutError, OSError, EOFError) as error:
            told = self._stop()
            if told.startswith("usager-pack: "):
                raise PackError(told.removeprefix("usager-pack: ")) from error
            reason = "it took too long and was stopped" if isinstance(error, TimeoutError) else f"it stopped: {told}"
            return {"remarks": [], "applied": {}, "left_out": {RULES: reason}}
        self._known.update(answer["applied"])
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._stop()
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the worker
            self._process = subprocess.Popen(  # noqa: S603 - our own module, on the folders the operator names
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
            )
        return self._process

    def _stop(self) -> str:
        """Stop the worker and return the last line it said."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
        if self._errors is None:
            return ""
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").splitlines()
        self._errors.close()
        self._errors = None
        return lines[-1][:300] if lines else "without a word"


def _exchange(process: subprocess.Popen[bytes], data: bytes, deadline: float) -> dict[str, Any]:
    """Send a document and return the answer. Errors: TimeoutError, EOFError, OSError."""
    if process.stdin is None or process.stdout is None:
        raise EOFError
    process.stdin.write(len(data).to_bytes(LENGTH_BYTES, "big") + data)
    process.stdin.flush()
    size = int.from_bytes(_read(process, LENGTH_BYTES, deadline), "big")
    answer: dict[str, Any] = json.loads(_read(process, size, deadline))
    return answer


def _read(process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
    stream = process.stdout
    if stream is None:
        raise EOFError
    pieces: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while size:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            piece = stream.read1(min(size, PIECE_BYTES))  # type: ignore[attr-defined]
            if not piece:
                raise EOFError
            pieces.append(piece)
            size -= len(piece)
    return b"".join(pieces)
