"""Writes the dossier: pages for people, JSON and TestReports for machines, the files, and the sum of each.

It opens from disk, without network and without script. Written aside, then renamed, it is there whole or not at all.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from usager_server import __version__
from usager_server.conformity import showing
from usager_server.conformity.errors import ConformityError
from usager_server.conformity.fhir_report import fhir_report
from usager_server.conformity.proof import Proof, State, state_of
from usager_server.conformity.record import Exchange, Record
from usager_server.conformity.report import REFERENTIEL, Report, report_json
from usager_server.requirements.facts import names

SUMS = "SHA256SUMS"


@contextmanager
def aside(out: Path) -> Iterator[Path]:
    """Yield a folder beside the one that is asked for, which takes its name at the end; nothing stays when it fails.

    Errors  ConformityError when the folder is there and not empty, or cannot be written.
    """
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ConformityError(f"--out {out} is a file: name a folder, which will be made")
    if out.is_dir() and any(out.iterdir()):
        raise ConformityError(f"--out {out} is not empty: name another folder, or empty this one")
    with _told(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        yield partial
        with _told(out):
            partial.chmod(0o755)
            partial.replace(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_dossier(report: Report, folder: Path) -> None:
    """Write every file of the dossier.

    Shape   index.html, report.json, SHA256SUMS; a file for each scenario in scenarios/ and testreports/; what
            it produced in fichiers/, what is too long for its page in echanges/.
    Errors  ConformityError when the disk refuses.
    """
    with _told(folder):
        for name, content in _files(report):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        written = sorted(path for path in folder.rglob("*") if path.is_file())
        sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder)}\n" for path in written]
        (folder / SUMS).write_text("".join(sums), encoding="utf-8")


@contextmanager
def _told(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConformityError(f"--out {out} cannot be written: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Shown:
    """One exchange as a page shows it. Shape: the files hold the bodies that the page does not show whole."""

    exchange: Exchange
    request: showing.Body
    answer: showing.Body
    request_file: str
    answer_file: str


def _files(report: Report) -> Iterator[tuple[str, bytes]]:
    yield "index.html", _render("index.html", report=report, chapters=_chapters(report.proofs))
    yield "report.json", report_json(report)
    for record in report.records:
        name = record.scenario.name
        steps = _shown_steps(record)
        yield f"scenarios/{name}.html", _render("scenario.html", report=report, record=record, steps=steps)
        told = fhir_report(record, report.software, report.base_url)
        yield f"testreports/{name}.json", orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        yield from ((f"fichiers/{name}/{it.name}", it.content) for it in record.files)
        yield from _long_bodies(shown for _, events in steps for shown in events if isinstance(shown, Shown))


def _shown_steps(record: Record) -> list[tuple[Any, list[Any]]]:
    """Return each step with its events, in which exchanges are numbered and made fit for reading."""
    number = 0
    steps = []
    for step in record.steps:
        events: list[Any] = []
        for event in step.events:
            if isinstance(event, Exchange):
                number += 1
                events.append(_shown(record, event, number))
            else:
                events.append(event)
        steps.append((step, events))
    return steps


def _shown(record: Record, exchange: Exchange, number: int) -> Shown:
    kinds = [showing.content_type_of(it) for it in (exchange.request_headers, exchange.response_headers)]
    request, answer = showing.body(exchange.request_body, kinds[0]), showing.body(exchange.response_body, kinds[1])
    stem = f"echanges/{record.scenario.name}/{number:02}"
    return Shown(
        exchange,
        request,
        answer,
        f"{stem}-requete.{showing.extension_of(kinds[0])}" if request.is_cut else "",
        f"{stem}-reponse.{showing.extension_of(kinds[1])}" if answer.is_cut else "",
    )


def _long_bodies(exchanges: Iterable[Shown]) -> Iterator[tuple[str, bytes]]:
    for shown in exchanges:
        if shown.request_file:
            yield shown.request_file, shown.exchange.request_body
        if shown.answer_file:
            yield shown.answer_file, shown.exchange.response_body


def _chapters(every: Iterable[Proof]) -> list[dict[str, Any]]:
    """Return the requirements by chapter, then by function, in the order of the référentiel."""
    found: dict[str, list[Proof]] = {}
    for proof in every:
        found.setdefault(proof.standing.fact.chapter, []).append(proof)
    return [
        {"number": number, "title": names()["chapter"].get(number, "Exigences propres aux modules"), **_content(own)}
        for number, own in found.items()
    ]


def _content(found: list[Proof]) -> dict[str, Any]:
    functions = [
        {
            "number": number if number[:1].isdigit() else "",
            "title": names()["function"].get(number, ""),
            "proofs": list(group),
        }
        for number, group in groupby(found, lambda proof: proof.standing.fact.function)
    ]
    counts = {state: count for state in State if (count := sum(proof.state is state for proof in found))}
    return {"functions": functions, "counts": counts}


def _render(template: str, **values: Any) -> bytes:
    return _environment().get_template(template).render(**values).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("usager_server.conformity"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"duration": showing.duration, "moment": showing.moment, "size": showing.size}
    environment.globals |= _globals()
    environment.tests["exchange"] = lambda it: isinstance(it, Shown)
    return environment


def _globals() -> Mapping[str, Any]:
    return {
        "State": State,
        "meanings": showing.MEANINGS,
        "of_verdict": showing.OF_VERDICT,
        "reason": showing.reason,
        "referentiel": REFERENTIEL,
        "state_of": state_of,
        "version": __version__,
        "words": showing.WORDS,
    }
