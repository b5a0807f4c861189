"""PN <-> HumanName: the plain names of professionals and relatives. The names of a patient are in `fhir/patient.py`."""

from collections.abc import Sequence
from typing import NamedTuple

from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled, value_of
from usager_cda.tree import Element, Kids, Node, attribute, text_of

OWN_NAME = "http://hl7.org/fhir/StructureDefinition/humanname-own-name"
PARTNER_NAME = "http://hl7.org/fhir/StructureDefinition/humanname-partner-name"
QUALIFIED = {"BR": OWN_NAME, "SP": PARTNER_NAME}

RANKS = {"official": 0, "usual": 1, "old": 3, "maiden": 3}

Part = tuple[str, str | None]


class Name(NamedTuple):
    """A person's name. families and givens are (text, qualifier); text is a name that came without parts."""

    families: tuple[Part, ...] = ()
    givens: tuple[Part, ...] = ()
    prefix: str | None = None
    suffix: str | None = None
    text: str | None = None

    def family(self, *qualifiers: str | None) -> str | None:
        """Return the first family name that has one of the qualifiers."""
        return _first(self.families, qualifiers)

    def given(self, *qualifiers: str | None) -> str | None:
        """Return the first given name that has one of the qualifiers."""
        return _first(self.givens, qualifiers)

    def __str__(self) -> str:
        """Return the name as a person would write it."""
        parts = (self.prefix, *(text for text, _ in self.givens), *(text for text, _ in self.families))
        return " ".join(filter(None, parts)) or self.text or ""


def _first(parts: tuple[Part, ...], qualifiers: tuple[str | None, ...]) -> str | None:
    return next((text for wanted in qualifiers for text, qualifier in parts if qualifier == wanted), None)


def parse_name(element: Element | None) -> Name | None:
    """Return the value of a name element; None when it is absent or says nothing."""
    if element is None:
        return None
    kids = Kids(element)
    families, givens = _parts(kids.all("family")), _parts(kids.all("given"))
    text = None if families or givens else text_of(element)
    name = Name(families, givens, _joined(kids.all("prefix")), _joined(kids.all("suffix")), text)
    return name if name != Name() else None


def _parts(found: Sequence[Element]) -> tuple[Part, ...]:
    parts = ((text_of(part), attribute(part, "qualifier")) for part in found)
    return tuple((text, qualifier) for text, qualifier in parts if text)


def _joined(found: Sequence[Element]) -> str | None:
    return " ".join(filter(None, map(text_of, found))) or None


def build_name(name: Name) -> Node:
    """Return a name element: prefix, given, family, suffix, as the French samples order them."""
    made = node("name", name.text if not name.families and not name.givens else None)
    givens = [node("given", text, qualifier=qualifier) for text, qualifier in name.givens]
    families = [node("family", text, qualifier=qualifier) for text, qualifier in name.families]
    prefix = node("prefix", name.prefix) if name.prefix else None
    return add(made, prefix, *givens, *families, node("suffix", name.suffix) if name.suffix else None)


def human_name(name: Name) -> Tree:
    """Return the HumanName; birth and partner names beside a used one become the standard extensions."""
    family = name.family("CL", None) or " ".join(text for text, _ in name.families) or None
    others = [(text, qualifier) for text, qualifier in name.families if text != family and qualifier in QUALIFIED]
    qualified = [{"url": QUALIFIED[str(qualifier)], "valueString": text} for text, qualifier in others]
    return filled(
        {
            "text": name.text,
            "family": family,
            "_family": {"extension": qualified} if qualified else None,
            "given": [text for text, _ in name.givens],
            "prefix": [name.prefix] if name.prefix else None,
            "suffix": [name.suffix] if name.suffix else None,
        }
    )


def name_from_human(human: Tree) -> Name:
    """Return the name of a HumanName."""
    families: list[Part] = [(human["family"], None)] if human.get("family") else []
    extended = human.get("_family") or {}
    for qualifier, url in QUALIFIED.items():
        other = value_of(extended, url, "valueString")
        if other:
            families.append((other, qualifier))
    return Name(
        tuple(families),
        tuple((given, None) for given in human.get("given", ()) if given),
        " ".join(filter(None, human.get("prefix", ()))) or None,
        " ".join(filter(None, human.get("suffix", ()))) or None,
        human.get("text") if not families and not human.get("given") else None,
    )


def best_name(resource: Tree) -> Name | None:
    """Return the name of a person resource to be printed: official, else usual, else the first."""
    named = resource.get("name", ())
    ranked = sorted(named, key=lambda name: RANKS.get(name.get("use"), 2))
    return name_from_human(ranked[0]) if ranked else None
