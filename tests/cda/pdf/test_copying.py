"""A document and its PDF, from one source: whatever the one says, the other says."""

import re

from tests.cda import bodies
from tests.cda.pdf import bundles
from tests.cda.pdf.looking import texts
from tests.cda.pdf.preflight import needs_preflight, verdict
from tests.cda.test_bodies import ASTHMA, VIGILANCE
from usager_cda import read_header
from usager_cda.pdf import document_with_pdf, pdf_from_bundle
from usager_cda.render import carried_file
from usager_cda.render.body import sections_of
from usager_cda.safety import parse_document

WORD = re.compile(r"\w{3,}")


def summary():
    """Return a Bundle that becomes an N3."""
    return bodies.summary(ASTHMA, sections=[bodies.section("11450-4", ASTHMA["fullUrl"]), VIGILANCE])


def words_of(sections):
    """Yield the words of sections, titles included."""
    for section in sections:
        yield from WORD.findall(section.title)
        for text in section.texts:
            yield from WORD.findall(" ".join(text.itertext()))
        yield from words_of(section.sections)


def printed_words(pdf):
    """Return the words of a PDF, those that end a line put together again."""
    return set(WORD.findall(re.sub(r"[-\ufffe\u00ad]\s", "", " ".join(texts(pdf))) + " " + " ".join(texts(pdf))))


def test_an_n3_carries_no_other_pdf_than_its_own():
    made = document_with_pdf(summary())
    file = carried_file(made.document)
    assert file is None or (file.content, file.is_body) == (made.pdf, False)


def test_whatever_an_n3_says_its_pdf_says():
    made = document_with_pdf(summary())
    said = set(words_of(sections_of(parse_document(made.document))))
    assert len(said) > 10
    assert said - printed_words(made.pdf) == set()


def test_an_n3_and_its_pdf_bear_one_identifier():
    made = document_with_pdf(summary())
    header = read_header(made.document).header
    page = " ".join(texts(made.pdf)).replace(" ", "")
    assert str(header.id) in page
    assert str(header.set_id) in page


def test_an_n3_about_an_identity_that_is_not_validated_shows_no_matricule():
    made = document_with_pdf(bundles.with_status(summary(), "PROV"))
    assert "Matricule" not in " ".join(texts(made.pdf))


def test_an_n1_is_its_pdf():
    made = document_with_pdf(bundles.letter_with_setting())
    file = carried_file(made.document)
    assert (file.content, file.is_body) == (made.pdf, True)
    assert "Douleur ≤ 3/10" in texts(made.pdf)[0]
    assert read_header(made.document).header.title == "Lettre de liaison de sortie"


def test_the_same_bundle_is_the_same_document():
    assert document_with_pdf(summary()) == document_with_pdf(summary())


def test_a_structured_bundle_is_printed_as_its_document_is():
    assert pdf_from_bundle(summary()).content == document_with_pdf(summary()).pdf


@needs_preflight
def test_the_pdf_of_an_n3_passes_preflight(tmp_path):
    assert "is a valid PDF/A-1b file" in verdict(document_with_pdf(summary()).pdf, tmp_path)
