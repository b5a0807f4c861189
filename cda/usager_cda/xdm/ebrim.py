"""Small words for building ebRIM trees; each object counts its classifications and identifiers to name them."""

from collections.abc import Iterable

from lxml import etree

from usager_cda.datatypes.codes import Code
from usager_cda.tree import NOT_XML, Element
from usager_cda.xdm.names import CLASSIFICATION, EXTERNAL_IDENTIFIER, LCM, LCM_NAMESPACE, RIM, RIM_NAMESPACE, XML_LANG


def request() -> tuple[Element, Element]:
    """Return an empty SubmitObjectsRequest and its list of objects."""
    root = etree.Element(f"{LCM}SubmitObjectsRequest", nsmap={"lcm": LCM_NAMESPACE, "rim": RIM_NAMESPACE})
    return root, etree.SubElement(root, f"{RIM}RegistryObjectList")


def put(parent: Element, tag: str, /, **attributes: str) -> Element:
    """Append an element of ebRIM."""
    clean = {key: NOT_XML.sub("", value) for key, value in attributes.items()}
    return etree.SubElement(parent, f"{RIM}{tag}", clean)


def put_slot(parent: Element, name: str, values: Iterable[str | None]) -> None:
    """Append a slot, if there is anything to put in it."""
    told = [NOT_XML.sub("", value) for value in values if value]
    if told:
        listed = put(put(parent, "Slot", name=name), "ValueList")
        for value in told:
            etree.SubElement(listed, f"{RIM}Value").text = value


def put_name(parent: Element, text: str | None, language: str = "fr-FR") -> None:
    """Append a name."""
    if text:
        put(put(parent, "Name"), "LocalizedString", value=text).set(XML_LANG, language)


def put_code(parent: Element, scheme: str, code: Code | None) -> None:
    """Classify an object by a code; none for no code."""
    if code is None or not code.code:
        return
    made = put_classification(parent, scheme, code.code)
    put_slot(made, "codingScheme", [code.system])
    put_name(made, code.display or code.text or code.code)


def put_classification(parent: Element, scheme: str, representation: str = "") -> Element:
    """Append a classification by a scheme."""
    return put(
        parent,
        "Classification",
        id=_next_id(parent, "Classification"),
        classificationScheme=scheme,
        classifiedObject=str(parent.get("id")),
        nodeRepresentation=representation,
        objectType=CLASSIFICATION,
    )


def put_identifier(parent: Element, scheme: str, name: str, value: str) -> None:
    """Append an external identifier."""
    made = put(
        parent,
        "ExternalIdentifier",
        id=_next_id(parent, "ExternalIdentifier"),
        registryObject=str(parent.get("id")),
        identificationScheme=scheme,
        value=value,
        objectType=EXTERNAL_IDENTIFIER,
    )
    put_name(made, name)


def _next_id(parent: Element, kind: str) -> str:
    rank = sum(1 for _ in parent.iterchildren(f"{RIM}{kind}")) + 1
    letter = "c" if kind == "Classification" else "i"
    return f"{parent.get('id')}-{letter}{rank}"
