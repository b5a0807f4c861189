"""nullFlavor <-> the data-absent-reason extension."""

from usager_cda.datatypes import Tree

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

REASONS = {
    "UNK": "unknown",
    "ASKU": "asked-unknown",
    "NASK": "not-asked",
    "NAV": "temp-unknown",
    "MSK": "masked",
    "NA": "not-applicable",
    "OTH": "unsupported",
    "NINF": "negative-infinity",
    "PINF": "positive-infinity",
}
FLAVORS = {reason: flavor for flavor, reason in REASONS.items()}


def absent(null: str | None) -> Tree:
    """Return the extension that says why a value is not there; a flavor without FHIR counterpart is `unknown`."""
    return {"url": ABSENT, "valueCode": REASONS.get(null or "", "unknown")}


def nothing(null: str | None) -> Tree:
    """Return an element that holds nothing but the reason of its absence."""
    return {"extension": [absent(null)]}


def null_of(element: Tree) -> str | None:
    """Return the nullFlavor of a FHIR element, or None."""
    for extension in element.get("extension", ()):
        if extension.get("url") == ABSENT:
            return FLAVORS.get(extension.get("valueCode"), "UNK")
    return None
