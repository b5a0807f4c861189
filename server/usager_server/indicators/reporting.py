"""Figures -> MeasureReport: a summary about one structure, or about all of a tenant."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from usager_server import __version__
from usager_server.canonicals import canonical
from usager_server.indicators.indicator import SYSTEM, Asked, Code, Figure, Indicator, Stratum, share
from usager_server.interactions.session import instant_text

POPULATIONS = "http://terminology.hl7.org/CodeSystem/measure-population"
INPUT, SMALL = (canonical("StructureDefinition", name) for name in ("report-parameters", "small-count"))
FEW = 5
"""Below so many persons, a number says so: outside the structure somebody could be recognised in it."""


def report_of(
    indicator: Indicator,
    asked: Asked,
    figures: Sequence[Figure],
    structure: Mapping[str, Any] | None,
    generated: datetime,
) -> dict[str, Any]:
    """Return the MeasureReport.

    Shape   structure is a Reference to an Organization: the reporter, since R4 has no Organization as the subject of a
            report; None: all of the tenant. What the report was computed with is contained in it.
    """
    report: dict[str, Any] = {
        "resourceType": "MeasureReport",
        "language": "fr",
        "contained": [_parameters(asked)],
        "extension": [{"url": INPUT, "valueReference": {"reference": "#parameters"}}],
        "status": "complete",
        "type": "summary",
        "measure": f"{indicator.measure['url']}|{indicator.measure['version']}",
        "date": instant_text(generated),
        "period": {
            "start": instant_text(asked.start.astimezone(UTC)),
            "end": instant_text(asked.end.astimezone(UTC) - timedelta(milliseconds=1)),
        },
        "group": [_group(figure) for figure in figures],
    }
    return report | ({"reporter": dict(structure)} if structure else {})


def _parameters(asked: Asked) -> dict[str, Any]:
    return {
        "resourceType": "Parameters",
        "id": "parameters",
        "parameter": [
            {"name": "software", "valueString": f"Usager {__version__}"},
            {"name": "activeDays", "valueInteger": asked.active_days},
            {"name": "includeTests", "valueBoolean": asked.with_tests},
        ],
    }


def _group(figure: Figure) -> dict[str, Any]:
    group: dict[str, Any] = {"code": _concept((figure.key, ""))}
    group["population"] = _populations(figure.numerator, figure.denominator, persons=figure.persons)
    score = figure.score if figure.score is not None else share(figure.numerator, figure.denominator)
    if score is not None:
        group["measureScore"] = _quantity(score, figure.unit)
    stratifiers = [_stratifier(key, strata, persons=figure.persons) for key, strata in figure.strata.items()]
    return group | ({"stratifier": stratifiers} if stratifiers else {})


def _stratifier(key: str, strata: Sequence[Stratum], *, persons: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"code": [_concept((key, ""))]}
    return found | ({"stratum": [_stratum(key, each, persons=persons) for each in strata]} if strata else {})


def _stratum(key: str, stratum: Stratum, *, persons: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if len(stratum.values) == 1:
        found["value"] = _concept(stratum.values[0])
    else:
        found["component"] = [{"code": _concept((key, "")), "value": _concept(value)} for value in stratum.values]
    is_counted = stratum.denominator is None
    numerator = None if is_counted else stratum.numerator
    denominator = stratum.numerator if stratum.denominator is None else stratum.denominator
    found["population"] = _populations(numerator, denominator, persons=persons)
    rate = share(numerator, denominator)
    return found | ({} if rate is None else {"measureScore": _quantity(rate, "")})


def _populations(numerator: int | None, denominator: int, *, persons: bool) -> list[dict[str, Any]]:
    if numerator is None:
        return [_population("initial-population", denominator, persons=persons)]
    numbers = {"denominator": denominator, "numerator": numerator}
    return [_population(code, number, persons=persons) for code, number in numbers.items()]


def _population(code: str, count: int, *, persons: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"code": {"coding": [{"system": POPULATIONS, "code": code}]}, "count": count}
    is_small = persons and 0 < count < FEW
    return {"extension": [{"url": SMALL, "valueBoolean": True}], **found} if is_small else found


def _quantity(value: float, unit: str) -> dict[str, Any]:
    named = {"system": "http://unitsofmeasure.org", "code": unit, "unit": unit} if unit else {}
    return {"value": value, **named}


def _concept(code: Code) -> dict[str, Any]:
    held = {"coding": [{"system": SYSTEM, "code": code[0]}]}
    return held | ({"text": code[1]} if code[1] else {})
