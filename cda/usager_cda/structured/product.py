"""manufacturedProduct (FR-Produit-de-sante) <-> a contained Medication, and the vaccine of an Immunization."""

from collections.abc import Iterator

from lxml import etree

from usager_cda.building import add, node, template_ids
from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import build_code, code_from_coding, code_from_concept, concept_from_code, parse_code
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.quantities import build_quantity, parse_ratio
from usager_cda.datatypes.times import build_ts, parse_ts
from usager_cda.structured import french
from usager_cda.structured.kinds import CCD, FR_ENTRY, IHE
from usager_cda.structured.reading import Reading
from usager_cda.structured.words import Row
from usager_cda.structured.writing import Writing, said
from usager_cda.systems import oid_of
from usager_cda.tree import HL7, PHARMACY, Element, Node, attribute, child, children, descendant, local_name, text_of

ATC = "http://www.whocc.no/atc"
CIS = "1.2.250.1.213.2.3.1"
TEMPLATES = (f"{CCD}53", f"{IHE}1.5.3.1.4.7.2", f"{FR_ENTRY}43")
READ = frozenset({"code", "name", "lotNumberText", "expirationTime", "formCode", "asSpecializedKind", "ingredient"})


def read_product(consumable: Element | None, reading: Reading) -> Tree:
    """Return the Medication of a consumable: code, form, ingredients, lot and expiry."""
    material = descendant(consumable, "manufacturedProduct/manufacturedMaterial")
    if material is None:
        return {}
    found = _by_name(material, reading)
    code = reading.concept(found.get("code", [None])[0]) or {}
    classes = [coding for each in found.get("asSpecializedKind", ()) for coding in _classes(each)]
    known = {coding.get("code") for coding in code.get("coding", ())}
    code["coding"] = [*code.get("coding", ()), *(each for each in classes if each.get("code") not in known)]
    name = text_of(found.get("name", [None])[0]) or code.get("text") or _words_of_translation(found, reading)
    if name:
        code["text"] = name
    batch = {
        "lotNumber": text_of(found.get("lotNumberText", [None])[0]),
        "expirationDate": _expiry(found.get("expirationTime", [None])[0], reading),
    }
    form = found.get("formCode", [None])[0]
    return filled(
        {
            "resourceType": "Medication",
            "code": filled(code),
            "form": None if form is None else concept_from_code(parse_code(form)),  # type: ignore[arg-type]
            "ingredient": [_ingredient(each, reading) for each in found.get("ingredient", ())],
            "batch": filled(batch),
        }
    )


def _words_of_translation(found: dict[str, list[Element]], reading: Reading) -> str | None:
    """Return the words of a product whose code is only a translation."""
    code = found.get("code", [None])[0]
    words = (reading.words_at(child(each, "originalText")) for each in children(code, "translation"))
    return next(filter(None, words), None)


def _by_name(material: Element, reading: Reading) -> dict[str, list[Element]]:
    """Return the parts of a material, those of the pharmacy extension included; others are reported."""
    found: dict[str, list[Element]] = {}
    for part in material:
        name = etree.QName(part).localname
        if name in READ:
            found.setdefault(name, []).append(part)
        elif name != "templateId":
            text = f"{local_name(part)} of a product is kept in the original document only"
            reading.reader.report(part, text, "information")
    return found


def _pharmacy(element: Element | None, name: str) -> Element | None:
    if element is None:
        return None
    found = (each for each in element if etree.QName(each).localname == name)
    return next(found, None)


def _classes(kind: Element) -> Iterator[Tree]:
    code = parse_code(_pharmacy(_pharmacy(kind, "generalizedMedicineClass"), "code"))
    if code is not None and code.code:
        yield concept_from_code(code)["coding"][0]


def _ingredient(element: Element, reading: Reading) -> Tree:
    substance = _pharmacy(element, "ingredient")
    code = parse_code(_pharmacy(substance, "code"))
    concept = concept_from_code(code) if code is not None and code.code else {}
    name = text_of(_pharmacy(substance, "name"))
    if name:
        concept["text"] = name
    quantity = _pharmacy(element, "quantity")
    try:
        strength = parse_ratio(quantity)
    except ValueError as error:
        reading.reader.report(element, f"{error}; the strength is left out")
        strength = {}
    return filled({"itemCodeableConcept": concept or {"text": "?"}, "strength": strength})


def _expiry(element: Element | None, reading: Reading) -> str | None:
    text = attribute(element, "value")
    if element is None or text is None:
        return None
    try:
        return parse_ts(text)
    except ValueError as error:
        reading.reader.report(element, f"{error}; it is left out")
        return None


def build_product(
    medication: Tree, writing: Writing, row: Row, heading: str, *, link: str | None = None, keeps_classes: bool = False
) -> Node:
    """Return the consumable of a Medication.

    Shape   the ATC class stands beside the product, where the pharmacy extension has it; keeps_classes leaves it among
            the translations, where a vaccine has it. link is where the narrative tells the product.
    """
    code = medication.get("code") or {}
    coding = [each for each in code.get("coding", ()) if keeps_classes or each.get("system") != ATC]
    classes = [each for each in code.get("coding", ()) if not keeps_classes and each.get("system") == ATC]
    batch = medication.get("batch") or {}
    reference = row.near(heading, said(code), link)
    for each in classes:
        row.tell("Classe", said({"coding": [each]}))
    for each in medication.get("ingredient", ()):
        row.tell("Composition", _composition(each))
    row.tell("Lot", None if keeps_classes else batch.get("lotNumber"))
    row.tell("Forme", said(medication.get("form")))
    row.tell("Péremption", french.day(batch.get("expirationDate")))
    material = node("manufacturedMaterial", classCode="MMAT", determinerCode="KIND")
    material.append(_product_code(coding, classes, reference))
    text = code.get("text")
    material.append(node("name", text) if text else node("name", nullFlavor="NA"))
    if batch.get("lotNumber"):
        material.append(node("lotNumberText", batch["lotNumber"]))
    add(material, *_extension(medication, classes if coding else []))
    return consumable(material)


def consumable(material: Node) -> Node:
    """Return what is taken, around the material of a product."""
    product = add(node("manufacturedProduct", classCode="MANU"), *template_ids(TEMPLATES), material)
    return add(node("consumable", typeCode="CSM"), product)


def _composition(ingredient: Tree) -> str:
    """Return a substance with its strength in words."""
    strength = ingredient.get("strength") or {}
    told = (said(ingredient.get("itemCodeableConcept")), french.amount(strength.get("numerator")))
    return " ".join(filter(None, told))


def _product_code(coding: list[Tree], classes: list[Tree], reference: Node) -> Node:
    """Return the code of a product: its CIS code, the others as translations, its words in the narrative."""
    is_main = bool(coding) and oid_of(coding[0].get("system") or "") == CIS
    main = build_code("code", code_from_coding(coding[0])) if is_main else None
    made = node("code", nullFlavor="NA") if main is None else main
    made.append(add(node("originalText"), reference))
    for each in (*coding[1 if is_main else 0 :], *(classes if not coding else ())):
        add(made, build_code("translation", code_from_coding(each)))
    return made


def _extension(medication: Tree, classes: list[Tree]) -> Iterator[Node]:
    """Yield what the pharmacy extension holds, in its order: expiry, form, class, ingredients."""
    expiry = (medication.get("batch") or {}).get("expirationDate")
    if expiry:
        yield _renamed(node("expirationTime", value=build_ts(expiry)))
    if medication.get("form"):
        made = build_code("formCode", code_from_concept(medication["form"]))
        if made is not None:
            yield _renamed(made)
    for each in classes:
        code = build_code("code", code_from_coding(each))
        name = node("name", each.get("display"))
        kind = add(node("generalizedMedicineClass", classCode="MMAT"), code, name)
        yield _renamed(add(node("asSpecializedKind", classCode="GRIC"), kind))
    for ingredient in medication.get("ingredient", ()):
        yield _build_ingredient(ingredient)


def _build_ingredient(ingredient: Tree) -> Node:
    concept = ingredient.get("itemCodeableConcept") or {}
    coding = {"coding": concept.get("coding", [])}
    code = build_code("code", code_from_concept(coding)) if coding["coding"] else None
    substance = add(node("ingredient", classCode="MMAT", determinerCode="KIND"), code, node("name", said(concept)))
    made = _renamed(node("ingredient", classCode="ACTI"))
    strength = ingredient.get("strength") or {}
    if strength:
        quantity = _renamed(node("quantity"))
        sides = (
            build_quantity(side, strength[side], typed="PQ")
            for side in ("numerator", "denominator")
            if strength.get(side)
        )
        made.append(add(quantity, *sides))
    return add(made, _renamed(substance))


def _renamed(element: Node) -> Node:
    """Return an element in the namespace of the pharmacy extension; the datatypes inside it stay where they are."""
    for each in element.iter():
        if each.tag.startswith(HL7):
            each.tag = PHARMACY + each.tag.removeprefix(HL7)
    return element
