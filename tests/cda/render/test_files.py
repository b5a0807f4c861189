"""The file that a document carries: found, shown first, and never half of it."""

import base64
from io import BytesIO

import pytest
from lxml import html
from PIL import Image

from tests.cda.pdf.looking import texts
from tests.cda.pdf.preflight import needs_preflight, verdict
from tests.cda.render.documents import PDF, attached, copy_of_the_document, section, structured, with_file
from usager_cda import NotConformant
from usager_cda.pdf import PrinterMissing, pdf_from_cda
from usager_cda.render import carried_file, html_from_cda


def page(data, **named):
    return html.document_fromstring(html_from_cda(data, **named).decode())


def jpeg():
    out = BytesIO()
    Image.new("RGB", (40, 20), "red").save(out, "JPEG")
    return out.getvalue()


RTF = rb"{\rtf1\ansi\ansicpg1252 Retour \'e0 domicile\par {\b demain} \u8594? ici}"


def test_the_body_of_an_n1_is_its_file():
    file = carried_file(with_file("application/pdf", PDF))
    assert (file.media_type, file.content, file.is_body) == ("application/pdf", PDF, True)


def test_the_copy_of_an_n3_is_its_file():
    file = carried_file(structured(section("Texte", "dit"), copy_of_the_document()))
    assert (file.content, file.is_body) == (PDF, False)


def test_a_copy_outside_its_section_is_found_by_its_type():
    file = carried_file(structured(section("Texte", "dit", attached("x", "application/pdf", PDF, kind="55108-5"))))
    assert file.content == PDF


def test_another_attached_pdf_is_no_copy():
    assert carried_file(structured(section("Texte", "dit", attached("x", "application/pdf", PDF)))) is None


def test_a_copy_that_is_cut_short_is_refused():
    cut = base64.b64encode(PDF)[:-3]
    with pytest.raises(NotConformant, match="not whole"):
        carried_file(structured(copy_of_the_document()).replace(base64.b64encode(PDF), cut))


def test_the_pdf_comes_first_and_the_sections_after():
    shown = page(structured(section("Texte", "dit"), copy_of_the_document()))
    parts = list(shown.get_element_by_id("contenu"))
    assert parts[0].find("object").get("data") == f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"
    assert parts[0].find(".//a").get("download") == "document.pdf"
    assert [part.findtext("h2") for part in parts[1:]] == ["Texte"]


def test_the_pdf_may_be_elsewhere():
    shown = page(with_file("application/pdf", PDF), file_url="$render?format=pdf")
    assert shown.find(".//object").get("data") == "$render?format=pdf"
    assert "base64" not in html.tostring(shown).decode()


def test_a_text_is_shown_as_it_is():
    assert page(with_file("text/plain", "Né à <Brest>\n".encode())).findtext(".//pre") == "Né à <Brest>\n"


def test_a_text_of_another_age_is_shown():
    assert page(with_file("text/plain", "Né".encode("cp1252"))).findtext(".//pre") == "Né"


def test_the_words_of_an_rtf_are_shown():
    assert page(with_file("text/rtf", RTF)).findtext(".//pre") == "Retour à domicile\ndemain → ici"


def test_what_is_called_rtf_and_is_not_is_refused():
    with pytest.raises(NotConformant, match="not RTF"):
        html_from_cda(with_file("text/rtf", b"MZ"))


def test_a_picture_is_shown():
    shown = page(with_file("image/jpeg", jpeg()))
    assert shown.get_element_by_id("fichier").find("img").get("src").startswith("data:image/jpeg;base64,")


def test_a_file_that_no_browser_shows_can_be_downloaded():
    shown = page(with_file("image/tiff", b"II*\0"))
    assert shown.find(".//a[@download]").get("download") == "document.tif"
    assert "ne s'affiche pas ici" in shown.text_content()


def test_the_pdf_of_a_document_with_one_is_that_one():
    assert pdf_from_cda(with_file("application/pdf", PDF)) == PDF


@pytest.mark.parametrize(
    "data",
    [
        structured(section("Texte", "<table><tr><th>a</th><td>dit</td></tr></table>")),
        with_file("text/plain", b"dit"),
        with_file("text/rtf", RTF.replace(b"Retour", b"dit")),
        with_file("image/jpeg", jpeg()),
    ],
    ids=["n3", "text", "rtf", "jpeg"],
)
@needs_preflight
def test_a_document_without_a_pdf_is_printed_as_pdf_a_1b(data, tmp_path):
    try:
        made = pdf_from_cda(data)
    except PrinterMissing as error:
        pytest.skip(str(error))
    assert "is a valid PDF/A-1b file" in verdict(made, tmp_path)
    assert "Nom de naissance" in texts(made)[0]
    assert "dit" in texts(made)[0] or b"jpeg" in data


def test_a_file_that_cannot_be_printed_is_refused():
    with pytest.raises(NotConformant, match="application/zip cannot be printed"):
        pdf_from_cda(with_file("application/zip", b"PK"))
