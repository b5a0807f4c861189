"""Blood pressure: two vital signs of one moment (systolic, diastolic) <-> one Observation with two components."""

from collections.abc import Iterator, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import NARRATIVE_LINK, extensions_of, value_of
from usager_cda.datatypes.identifiers import identifier_from_ii, parse_ii
from usager_cda.entries.observation import code_of, content
from usager_cda.safety import canonical_text
from usager_cda.structured.reading import Reading
from usager_cda.structured.sections import SECTION_ID
from usager_cda.structured.statement import Statement
from usager_cda.tree import HL7, attribute, child

LOINC = "http://loinc.org"
SYSTOLIC, DIASTOLIC = "8480-6", "8462-4"
PANEL = {"coding": [{"system": LOINC, "code": "85354-9", "display": "Pression artérielle"}]}
# What each of the two says for itself; all else must be the same for them to be one measure.
OWN = frozenset(
    HL7 + name for name in ("templateId", "id", "code", "text", "value", "interpretationCode", "entryRelationship")
)


def pair_in(statements: Sequence[Statement]) -> tuple[Statement, Statement] | None:
    """Return the systolic and the diastolic of one measure; None when there are not just these two of one moment."""
    found = [
        [each for each in statements if attribute(child(each.element, "code"), "code") == code]
        for code in (SYSTOLIC, DIASTOLIC)
    ]
    if [len(each) for each in found] != [1, 1]:
        return None
    systolic, diastolic = found[0][0], found[1][0]
    return (systolic, diastolic) if _rest(systolic) == _rest(diastolic) else None


def _rest(statement: Statement) -> list[bytes]:
    others = (each for each in statement.element if isinstance(each.tag, str) and each.tag not in OWN)
    return [canonical_text(each).strip() for each in others]


def read_pair(systolic: Statement, diastolic: Statement, reading: Reading) -> Tree:
    """Return the Reference of the one Observation of a measure."""
    told = content(systolic, reading, "vital-signs")
    other = content(diastolic, reading, "vital-signs")
    components = [_component(each, statement) for each, statement in ((told, systolic), (other, diastolic))]
    notes = [*told.get("note", ()), *(note for note in other.get("note", ()) if note not in told.get("note", ()))]
    shared = {name: held for name, held in told.items() if name not in PARTS and not name.startswith("value")}
    shared["extension"] = [each for each in told.get("extension", ()) if each["url"] != NARRATIVE_LINK]
    body = {**shared, "code": PANEL, "note": notes, "component": components}
    return reading.put("Observation", Statement(systolic.element), _filled(body), beside=[diastolic])


PARTS = frozenset({"code", "interpretation", "dataAbsentReason", "note", "extension"})


def _component(told: Tree, statement: Statement) -> Tree:
    """Return what one of the two says for itself, its id and its place in the narrative included."""
    kept = [each for each in told.get("extension", ()) if each["url"] == NARRATIVE_LINK]
    ids = (ii for each in statement.every("id") if (ii := parse_ii(each)).is_known)
    kept += [{"url": SECTION_ID, "valueIdentifier": identifier_from_ii(ii)} for ii in ids]
    own = {name: held for name, held in told.items() if name in PARTS or name.startswith("value")}
    return _filled({**own, "extension": kept, "note": None})


def _filled(tree: Tree) -> Tree:
    return {name: held for name, held in tree.items() if held not in (None, [], {})}


def is_panel(resource: Tree) -> bool:
    """Say whether an Observation is a measure of blood pressure with its two components."""
    return [code for each in resource.get("component", ()) if (code := code_of(each)) in (SYSTOLIC, DIASTOLIC)] != []


def parts_of(panel: Tree) -> Iterator[Tree]:
    """Yield the Observations that a panel is written as; its notes stand with the first."""
    shared = {name: held for name, held in panel.items() if name not in (*PARTS, "component", "identifier", "id")}
    extensions = [each for each in panel.get("extension", ()) if each.get("url") != NARRATIVE_LINK]
    notes = {"note": panel["note"]} if panel.get("note") else {}
    for component in panel.get("component", ()):
        link = value_of(component, NARRATIVE_LINK, "valueUrl")
        links = [{"url": NARRATIVE_LINK, "valueUrl": link}] if link else []
        own = {name: held for name, held in component.items() if name != "extension"}
        ids = [each["valueIdentifier"] for each in extensions_of(component, SECTION_ID) if "valueIdentifier" in each]
        key = f"{panel.get('id')}-{code_of(component)}"
        yield {**shared, **own, **notes, "id": key, "identifier": ids, "extension": [*extensions, *links]}
        notes = {}
