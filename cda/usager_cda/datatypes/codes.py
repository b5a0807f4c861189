"""CD, CE and CV <-> CodeableConcept and Coding."""

from typing import NamedTuple

from usager_cda import systems
from usager_cda.building import add, node
from usager_cda.datatypes import Tree
from usager_cda.datatypes.nulls import nothing, null_of
from usager_cda.tree import Element, Kids, Node, attribute, text_of


class Code(NamedTuple):
    """A coded value. system is an OID; null says why there is no code."""

    code: str | None = None
    system: str | None = None
    display: str | None = None
    text: str | None = None
    translations: tuple["Code", ...] = ()
    null: str | None = None


def parse_code(element: Element | None) -> Code | None:
    """Return the value of a coded element; None when there is no element."""
    if element is None:
        return None
    code, system = attribute(element, "code"), attribute(element, "codeSystem")
    display, null = attribute(element, "displayName"), attribute(element, "nullFlavor")
    if not len(element):
        return Code(code, system, display, None, (), null)
    kids = Kids(element)
    text = text_of(kids.first("originalText"))
    return Code(code, system, display, text, tuple(filter(None, map(parse_code, kids.all("translation")))), null)


def build_code(tag: str, code: Code | None) -> Node | None:
    """Return a coded element; None for None."""
    if code is None:
        return None
    made = node(
        tag,
        code=code.code,
        displayName=code.display,
        codeSystem=code.system,
        codeSystemName=systems.name_of(code.system) if code.system else None,
        nullFlavor=code.null if code.code is None else None,
    )
    original = node("originalText", code.text) if code.text else None
    return add(made, original, *(build_code("translation", other) for other in code.translations))


def coding_from_code(code: Code) -> Tree:
    """Return the Coding of the code itself, translations aside."""
    coding: Tree = {"system": systems.url_of(code.system)} if code.system else {}
    if code.code:
        coding["code"] = code.code
    if code.display:
        coding["display"] = code.display
    return coding


def concept_from_code(code: Code) -> Tree:
    """Return the CodeableConcept: the code first, then its translations."""
    codings = [coding_from_code(each) for each in (code, *code.translations) if each.code]
    text = code.text or (None if codings else code.display)
    if not codings:
        return {"text": text} if text else nothing(code.null)
    return {"coding": codings, "text": text} if text else {"coding": codings}


def code_from_coding(coding: Tree) -> Code:
    """Return the code of a Coding; a system without OID is left out."""
    system = systems.oid_of(coding["system"]) if coding.get("system") else None
    return Code(coding.get("code"), system, coding.get("display"))


def code_from_concept(concept: Tree | None) -> Code | None:
    """Return the code of a CodeableConcept: its first coding, the others as translations."""
    if not concept:
        return None
    codings = [code_from_coding(coding) for coding in concept.get("coding", ()) if coding.get("code")]
    text = concept.get("text")
    if not codings:
        return Code(text=text, null=null_of(concept) or "UNK")
    first = codings[0]
    return Code(first.code, first.system, first.display, text, tuple(codings[1:]))
