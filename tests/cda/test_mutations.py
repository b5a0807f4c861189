"""Whatever is done to a document, it is read or refused by name: no other exception, no Bundle that FHIR refuses."""

import os
import random

from fhir.resources.R4B import get_fhir_model_class
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.cda.documents import OWN, around_a_pdf
from usager_cda import CDAError, bundle_from_cda, cda_from_bundle
from usager_cda.document import references_needed

SAMPLES = {path.stem: path.read_bytes() for path in OWN}
QUIET = settings(
    deadline=None,
    max_examples=int(os.environ.get("USAGER_TEST_EXAMPLES", "120")),
    suppress_health_check=[HealthCheck.too_slow],
)
VALUES = st.sampled_from(
    [
        "",
        " ",
        "0",
        "-1",
        "9" * 30,
        "19420000",
        "2026-03-12",
        "é" * 300,
        "urn:oid:1",
        "a\tb",
        "1.2.3",
        "true",
        "NA",
        "x y",
    ]
) | st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufffe\uffff"), max_size=40)
ACTS = ("drop", "double", "swap", "attribute", "no attribute", "text", "rename", "nest")


def mutate(root: etree._Element, act: str, at: int, value: str) -> None:
    """Do one thing to one element of the document."""
    nodes = [node for node in root.iterdescendants() if isinstance(node.tag, str)]
    node = nodes[at % len(nodes)]
    parent = node.getparent()
    if parent is None:
        return
    match act:
        case "drop":
            parent.remove(node)
        case "double":
            parent.insert(parent.index(node), etree.fromstring(etree.tostring(node)))
        case "swap":
            parent.insert(0, node)
        case "attribute" if node.attrib:
            node.set(list(node.attrib)[at % len(node.attrib)], value)
        case "no attribute":
            node.attrib.clear()
        case "text":
            node.text = value
        case "rename":
            node.tag = nodes[(at * 7) % len(nodes)].tag
        case "nest":
            node.append(etree.fromstring(etree.tostring(nodes[(at * 3) % len(nodes)])))


def check(data: bytes) -> None:
    """Read a document; what is read must be FHIR, and must be written or refused by name."""
    try:
        bundle = bundle_from_cda(data)
    except CDAError as error:
        assert error.findings
        return
    get_fhir_model_class("Bundle").model_validate(bundle)
    references_needed(bundle)
    for each in (around_a_pdf(bundle), bundle):
        try:
            bundle_from_cda(cda_from_bundle(each))
        except CDAError as error:
            assert error.findings


@QUIET
@given(
    sample=st.sampled_from(sorted(SAMPLES)),
    acts=st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 10_000), VALUES), min_size=1, max_size=6),
)
def test_a_changed_tree_is_read_or_refused_by_name(sample, acts):
    root = etree.fromstring(SAMPLES[sample])
    for act, at, value in acts:
        mutate(root, act, at, value)
    check(etree.tostring(root))


@QUIET
@given(sample=st.sampled_from(sorted(SAMPLES)), seed=st.integers(0, 2**32), count=st.integers(1, 8))
def test_changed_bytes_are_read_or_refused_by_name(sample, seed, count):
    chance = random.Random(seed)  # noqa: S311 - a mutation, not a secret
    data = bytearray(SAMPLES[sample])
    for _ in range(count):
        data[chance.randrange(len(data))] = chance.randrange(256)
    check(bytes(data))


@QUIET
@given(sample=st.sampled_from(sorted(SAMPLES)), share=st.floats(0, 1))
def test_a_truncated_document_is_refused_by_name(sample, share):
    data = SAMPLES[sample]
    check(data[: int(len(data) * share)])


@QUIET
@given(st.binary(max_size=400))
def test_any_bytes_are_refused_by_name(data):
    check(data)
