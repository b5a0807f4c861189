"""The documents these tests read: ours, and those of the ANS when `USAGER_TEST_CDA_SAMPLES` names a folder of them."""

import base64
import copy
import json
import os
from pathlib import Path
from typing import Any

from lxml import etree

from usager_cda.tree import HL7

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
OWN = [*sorted(Path(__file__).with_name("samples").glob("*.xml")), *sorted(EXAMPLES.glob("*.xml"))]
PUBLIC = (
    sorted(Path(os.environ["USAGER_TEST_CDA_SAMPLES"]).glob("*.xml")) if "USAGER_TEST_CDA_SAMPLES" in os.environ else []
)
ALL = [*OWN, *PUBLIC]

FILES = ("Binary", "Composition")
PDF = b"%PDF-1.4\n% not much of a document\n"


def everything() -> bytes:
    """Return the sample that holds every header element."""
    return (Path(__file__).with_name("samples") / "everything.xml").read_bytes()


def letter() -> dict[str, Any]:
    """Return the letter of docs/examples as a front end posts it."""
    return example("lettre-de-liaison")


def example(name: str) -> dict[str, Any]:
    """Return the FHIR of one of the examples of docs/examples."""
    made: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))
    return made


def resources(bundle: dict[str, Any], resource_type: str) -> list[dict[str, Any]]:
    """Return the resources of one type in a Bundle."""
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == resource_type]


def without_body(data: bytes) -> bytes:
    """Return a document whose structured body is empty, for what concerns its header alone."""
    root = etree.fromstring(data, etree.XMLParser(huge_tree=True))
    for component in root.findall(f"{HL7}component/{HL7}structuredBody/{HL7}component"):
        component.getparent().remove(component)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def around_a_pdf(bundle: dict[str, Any]) -> dict[str, Any]:
    """Return the Bundle of a document that was read, with a PDF in place of the document."""
    made = copy.deepcopy(bundle)
    attachment = resources(made, "DocumentReference")[0]["content"][0]["attachment"]
    attachment.pop("url")
    attachment |= {"contentType": "application/pdf", "data": base64.b64encode(PDF).decode()}
    made["entry"] = [entry for entry in made["entry"] if not _is_of_the_body(entry["resource"])]
    return made


def _is_of_the_body(resource: dict[str, Any]) -> bool:
    """Say whether a resource is a file, what lists the body, or a document inside the document."""
    kind = resource["resourceType"]
    return kind in FILES or (kind == "DocumentReference" and "masterIdentifier" not in resource)


def header_of(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a Bundle says of a header: no file, no status of a laboratory, no remark."""
    made = copy.deepcopy(bundle)
    document = resources(made, "DocumentReference")[0]
    document.pop("docStatus", None)
    document["content"][0].pop("format")
    for name in ("url", "size", "hash"):
        document["content"][0]["attachment"].pop(name)
    kept = [entry for entry in made["entry"] if entry["resource"]["resourceType"] not in FILES]
    return [{name: value for name, value in entry.items() if name != "extension"} for entry in kept]
