"""Header -> FHIR -> N1 -> FHIR is a fixed point: the second reading says what the first one said."""

import pytest

from tests.cda.documents import ALL, PDF, around_a_pdf, everything, header_of, without_body
from usager_cda import bundle_from_cda, cda_from_bundle, read_header
from usager_cda.body import content_of
from usager_cda.safety import parse_document
from usager_cda.tree import descendant


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_header_survives_both_ways(path):
    first = bundle_from_cda(without_body(path.read_bytes()))
    second = bundle_from_cda(cda_from_bundle(around_a_pdf(first)))
    assert header_of(second) == header_of(first)


def test_the_file_survives():
    written = cda_from_bundle(around_a_pdf(bundle_from_cda(everything())))
    text = descendant(parse_document(written), "component/nonXMLBody/text")
    assert text is not None
    assert content_of(text) == PDF


def test_a_document_written_twice_is_the_same():
    bundle = around_a_pdf(bundle_from_cda(everything()))
    assert cda_from_bundle(bundle) == cda_from_bundle(bundle)


def test_what_is_written_needs_no_remark():
    assert read_header(cda_from_bundle(around_a_pdf(bundle_from_cda(everything())))).findings == ()
