"""How values are said to a French reader in a narrative: dates, quantities, codes."""

import re
from typing import Any

from usager_cda.datatypes import Tree

UNITS = {
    "Cel": "°C",
    "mm[Hg]": "mmHg",
    "1": "",
    "{tablet}": "comprimé(s)",
    "[degF]": "°F",
    "m2": "m²",
    "kg/m2": "kg/m²",
}
EVERY = {"s": "seconde", "min": "minute", "h": "heure", "d": "jour", "wk": "semaine", "mo": "mois", "a": "an"}
TIME = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d))?)?)?")
ANNOTATED = re.compile(r"\{([^}]*)\}")


def day(value: str | None) -> str | None:
    """Return a date or dateTime as 03/06/2018, 06/2018, 2018 or 03/06/2018 à 09h30; None for None."""
    found = TIME.match(value or "")
    if found is None:
        return value
    year, month, date, hour, minute = found.groups()
    text = "/".join(part for part in (date, month, year) if part)
    return f"{text} à {hour}h{minute}" if hour else text


def span(period: Tree | None) -> str | None:
    """Return a Period in words."""
    start, end = day((period or {}).get("start")), day((period or {}).get("end"))
    if start and end:
        return start if start == end else f"du {start} au {end}"
    return f"depuis le {start}" if start else f"jusqu'au {end}" if end else None


def moment(resource: Tree, name: str) -> str | None:
    """Return the <name>DateTime or <name>Period of a resource in words."""
    return day(resource.get(f"{name}DateTime")) or span(resource.get(f"{name}Period"))


def unit(code: str | None) -> str:
    """Return a unit as it is read: °C, mmHg, comprimé(s)."""
    return "" if not code else UNITS.get(code) or ANNOTATED.sub(r"\1", code)


def amount(quantity: Tree | None) -> str | None:
    """Return a Quantity in words: 37,5 °C."""
    if not quantity or quantity.get("value") is None:
        return None
    number = str(quantity["value"]).replace(".", ",")
    named = quantity.get("unit")
    shown = unit(named or quantity.get("code")) if named in (None, quantity.get("code")) else named
    return f"{quantity.get('comparator', '')}{number} {shown}".strip()


def amounts(bounds: Tree | None) -> str | None:
    """Return a Range in words."""
    low, high = amount((bounds or {}).get("low")), amount((bounds or {}).get("high"))
    if low and high:
        return low if low == high else f"{low} à {high}"
    return f"au moins {low}" if low else f"au plus {high}" if high else None


def address(held: Tree | None) -> str | None:
    """Return an Address on one line."""
    lines = [*(held or {}).get("line", ()), (held or {}).get("postalCode"), (held or {}).get("city")]
    return (held or {}).get("text") or " ".join(filter(None, lines)) or None


def name(concept: Tree | None) -> str | None:
    """Return what a CodeableConcept is called: its text, else the first label, else the first code."""
    if not concept:
        return None
    codings = concept.get("coding", ())
    labels = (coding.get("display") for coding in codings)
    codes = (coding.get("code") for coding in codings)
    return concept.get("text") or next(filter(None, labels), None) or next(filter(None, codes), None)


def value(resource: Tree) -> str | None:
    """Return the value[x] of a resource in words."""
    found = next((key for key in resource if key.startswith("value")), None)
    if found is None:
        return _absence(resource["dataAbsentReason"]) if "dataAbsentReason" in resource else None
    return said(found, resource[found])


def _absence(reason: Tree) -> str | None:
    codings = reason.get("coding") or [{}]
    return None if codings[0].get("code") == "not-applicable" else "inconnu"


def said(kind: str, held: Any) -> str | None:
    """Return a value in words, by the name of its element (valueBoolean ...)."""
    match kind:
        case "valueBoolean":
            return "Oui" if held else "Non"
        case "valueCodeableConcept":
            return name(held)
        case "valueQuantity":
            return amount(held)
        case "valueRange":
            return amounts(held)
        case "valueDateTime":
            return day(held)
        case "valuePeriod":
            return span(held)
        case "valueRatio":
            return " / ".join(filter(None, (amount(held.get("numerator")), amount(held.get("denominator")))))
    return str(held)
