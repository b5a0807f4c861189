"""MeasureReport -> the rows of a file, as CSV and as JSON: any report of this server, whatever it counts."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from usager_server.indicators.reporting import SMALL

COLUMNS = (
    "rapport", "version", "finess_et", "raison_sociale", "periode_debut", "periode_fin", "genere_le",
    "indicateur", "ventilation", "modalite", "numerateur", "denominateur", "taux", "effectif_faible",
)  # fmt: skip
FORMULAS = ("=", "+", "-", "@", "\t", "\r")
FINESS = ("https://finess.esante.gouv.fr", "urn:oid:1.2.250.1.71.4.2.2")

Report = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One number. Shape: stratifier and stratum are "" for the whole; numerator None when it is only counted."""

    key: str
    stratifier: str
    stratum: str
    numerator: int | None
    denominator: int | None
    score: float | None
    is_small: bool


def lines_of(report: Report) -> Iterator[Line]:
    """Yield the numbers of a report, those of each figure before what it is broken down into."""
    for group in report.get("group", ()):
        key = _code(group.get("code"))
        yield _line(group, key, "", "")
        for stratifier in group.get("stratifier", ()):
            for stratum in stratifier.get("stratum", ()):
                values = [stratum["value"]] if "value" in stratum else [it["value"] for it in stratum["component"]]
                yield _line(stratum, key, _code(*stratifier["code"]), "/".join(_code(value) for value in values))


def csv_of(report: Report, name: str) -> bytes:
    """Return the CSV: UTF-8 with its mark, semicolons, a comma in decimals, as a French spreadsheet opens it.

    Shape   a text that a spreadsheet would compute is written behind an apostrophe.
    """
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=";", lineterminator="\r\n")
    writer.writerow(COLUMNS)
    head = _head(report, name)
    for line in lines_of(report):
        numbers = [_text(value) for value in (line.numerator, line.denominator, line.score)]
        cells = [*head, line.key, line.stratifier, line.stratum]
        writer.writerow([*map(_inert, cells), *numbers, "oui" if line.is_small else ""])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def json_of(report: Report, name: str) -> bytes:
    """Return the JSON: the report, its period, and a member of `indicators` for each figure."""
    _, version, finess, label, start, end, generated = _head(report, name)
    found: list[dict[str, Any]] = []
    for line in lines_of(report):
        numbers = {"numerator": line.numerator, "denominator": line.denominator, "rate": line.score}
        told: dict[str, Any] = {key: value for key, value in numbers.items() if value is not None}
        told |= {"small": True} if line.is_small else {}
        if not line.stratifier:
            found.append({"key": line.key, **told})
        else:
            parts = found[-1].setdefault("strata", {}).setdefault(line.stratifier, [])
            parts.append({"key": line.stratum, **told})
    whole: dict[str, Any] = {"report": name, "version": version, "finess_et": finess, "name": label}
    whole |= {"period": {"from": start, "to": end}, "generated": generated, "indicators": found}
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def finess_of(organization: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the identifier of an Organization that is its FINESS."""
    found = (each for each in organization.get("identifier", ()) if each.get("system") in FINESS)
    return next(found, None)


def _head(report: Report, name: str) -> Sequence[str]:
    structure, period = report.get("reporter", {}), report["period"]
    version = str(report["measure"]).rpartition("|")[2]
    finess = structure.get("identifier", {}).get("value", "")
    label = structure.get("display", "")
    return name, version, finess, label, period["start"], period["end"], report["date"]


def _line(held: Report, key: str, stratifier: str, stratum: str) -> Line:
    counts = {_code(each["code"]): each for each in held.get("population", ())}
    numerator = counts.get("numerator")
    denominator = counts.get("denominator") or counts.get("initial-population")
    is_small = any(part.get("url") == SMALL for each in counts.values() for part in each.get("extension", ()))
    score = held.get("measureScore", {}).get("value")
    numbers = [each["count"] if each else None for each in (numerator, denominator)]
    return Line(key, stratifier, stratum, numbers[0], numbers[1], None if score is None else float(score), is_small)


def _code(concept: Mapping[str, Any] | None) -> str:
    codings = (concept or {}).get("coding", ())
    return str(codings[0].get("code", "")) if codings else ""


def _text(value: float | None) -> str:
    return "" if value is None else str(value).replace(".", ",")


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
