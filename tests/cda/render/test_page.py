"""Any CDA as a page: what it says is there, what it hides or runs is not, and it can be read without sight."""

import base64
import hashlib
import re

import pytest
from lxml import html

from tests.cda.documents import ALL
from tests.cda.render import documents
from tests.cda.render.documents import section, structured
from usager_cda import NotConformant
from usager_cda.render import html_from_cda
from usager_cda.render.page import content_security_policy


def page(data):
    return html.document_fromstring(html_from_cda(data).decode())


def narrative(text, more=""):
    return page(structured(section("Texte", text, more))).find_class("narrative")[0]


def words(element):
    return " ".join(element.text_content().split())


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_every_sample_is_shown(path):
    shown = page(path.read_bytes())
    assert shown.xpath("//h1")
    assert "Nom de naissance" in words(shown)


def test_the_header_is_shown_in_french():
    shown = words(page(structured()))
    for told in ("ABEILLON JEANNE", "14/07/1938", "BREST (code INSEE 29019)", "Dr Claire MARTINEAU", "version 1"):
        assert told in shown
    assert "EHPAD Les Tilleuls" in shown


def test_sections_and_their_sections_are_headings_one_below_the_other():
    inner = f"<component>{section('Hémogramme', '11,8')}</component>"
    shown = page(structured(section("Résultats", "voir", inner)))
    assert [found.text for found in shown.xpath("//main//h2")] == ["Résultats"]
    assert [found.text for found in shown.xpath("//main//h3")] == ["Hémogramme"]


def test_a_table_keeps_its_heads_and_its_caption():
    head, body = "<thead><tr><th>Produit</th></tr></thead>", "<tbody><tr><th>Dose</th><td>1 g</td></tr></tbody>"
    table = narrative(f"<table><caption>Doses</caption>{head}{body}</table>").find(".//table")
    assert table.findtext("caption") == "Doses"
    assert [found.get("scope") for found in table.iter("th")] == ["col", "row"]


def test_lists_styles_and_links_are_kept():
    inside = '<list listType="ordered"><item><content styleCode="Bold Italics" ID="a">un</content></item></list>'
    shown = narrative(
        f'{inside}<linkHtml href="#a">voir</linkHtml><linkHtml href="https://ansm.sante.fr">ANSM</linkHtml>'
    )
    assert shown.find(".//ol/li/span").get("class") == "bold italics"
    assert [found.get("href") for found in shown.iter("a")] == ["#n-a", "https://ansm.sante.fr"]
    assert shown.find(".//span").get("id") == "n-a"


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif"])
def test_a_picture_is_shown_where_it_is_named(kind):
    shown = narrative('<renderMultiMedia referencedObject="x"/>', documents.attached("x", kind, b"picture"))
    assert shown.find(".//img").get("src") == f"data:{kind};base64,{base64.b64encode(b'picture').decode()}"


def test_an_attached_pdf_can_be_downloaded_where_it_is_named():
    shown = narrative(
        '<renderMultiMedia referencedObject="x y"/>', documents.attached("y", "application/pdf", b"%PDF-")
    )
    assert shown.find(".//a").get("download") == "y.pdf"


def test_a_picture_that_could_run_is_not_shown():
    shown = narrative('<renderMultiMedia referencedObject="x"/>', documents.attached("x", "image/svg+xml", b"<svg/>"))
    assert shown.find(".//img") is None
    assert "image/svg+xml, non affichée" in words(shown)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<SCRIPT>alert(1)</SCRIPT>",
        '<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>',
        '<h:img xmlns:h="http://www.w3.org/1999/xhtml" src="x" onerror="alert(1)"/>',
        '<linkHtml href="javascript:alert(1)">avant</linkHtml>',
        '<linkHtml href=" &#9;java&#10;script:alert(1)">avant</linkHtml>',
        '<linkHtml href="data:text/html,alert(1)">avant</linkHtml>',
        '<content styleCode="x" onclick="alert(1)" style="background:url(//alert)">avant</content>',
        '<table onload="alert(1)"><tr><td colspan="alert(1)" style="alert">avant</td></tr></table>',
        '<iframe src="alert"/><object data="alert"/><style>@import "alert"</style><svg onload="alert(1)"/>',
        '<renderMultiMedia referencedObject="&quot; onerror=&quot;alert(1)"/>',
        "<br onclick='alert(1)'/><paragraph onmouseover='alert(1)' class='alert'>avant</paragraph>",
    ],
)
def test_nothing_of_a_hostile_narrative_runs(hostile):
    made = html_from_cda(structured(section("Texte", f"<paragraph>dit</paragraph>{hostile}"))).decode()
    assert "alert" not in made
    assert "<p>dit</p>" in made


def test_markup_in_the_header_is_text():
    data = structured().replace(b"EHPAD Les Tilleuls", b"&lt;script&gt;alert(1)&lt;/script&gt;")
    made = html_from_cda(data).decode()
    assert "<script" not in made
    assert "&lt;script&gt;" in made


def test_the_page_asks_for_nothing_and_says_so():
    made = html_from_cda(structured(section("Texte", "dit"))).decode()
    style = re.search(r"<style>(.*?)</style>", made, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert content_security_policy().startswith(f"default-src 'none'; style-src 'sha256-{digest}'")
    assert html.document_fromstring(made).xpath("//meta[@http-equiv]/@content") == [content_security_policy()]
    assert not re.search(r"(src|href)=\"(?!#|data:)", made)
    assert "url(" not in style


def test_the_page_can_be_read_without_sight():
    shown = page(structured(section("Texte", "<table><tr><td>dit</td></tr></table>"), section("Suite", "dit")))
    assert shown.get("lang") == "fr-FR"
    assert shown.find(".//a").get("href") == "#contenu"
    assert shown.get_element_by_id("contenu").tag == "main"
    assert [found.text for found in shown.xpath("//nav//a")] == ["Texte", "Suite"]
    levels = [int(found.tag[1]) for found in shown.xpath("//h1|//h2|//h3|//h4")]
    assert levels == [1, 2, 2, 2]
    keys = shown.xpath("//@id")
    assert len(keys) == len(set(keys))
    assert all(shown.get_element_by_id(key) is not None for key in shown.xpath("//@aria-labelledby"))


def test_text_contrasts_with_its_ground():
    def light(colour):
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    for colour, ground in (("#4a5568", "#f4f7fb"), ("#1d3f72", "#e8eef7"), ("#1d4f91", "#ffffff")):
        assert (light(ground) + 0.05) / (light(colour) + 0.05) >= 4.5


def test_a_document_without_body_is_shown_as_such():
    shown = page(f"{documents.HEAD}</ClinicalDocument>".encode())
    assert "Ce document n'a pas de contenu." in words(shown)


def test_what_is_no_cda_is_refused():
    with pytest.raises(NotConformant):
        html_from_cda(b"<html/>")
