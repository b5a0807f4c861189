"""Hostile and odd narratives: what could run, fetch or hide is not printed; what is said stays."""

import socket
from io import BytesIO

import pikepdf
import pytest
from lxml import etree

from tests.cda.pdf import bundles
from tests.cda.pdf.looking import texts
from tests.cda.pdf.preflight import needs_preflight, verdict
from tests.spent import at_most
from usager_cda import IncompleteDocument
from usager_cda.pdf import pdf_from_bundle
from usager_cda.pdf.narrative import Narratives
from usager_cda.pdf.tables import set_widths

XHTML = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'


def cleaned(inside: str) -> str:
    made = Narratives().printable(XHTML.format(inside), "Composition.section[0].text.div")
    return etree.tostring(made, encoding="unicode")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src="file:///etc/passwd" alt=""/>',
        '<img src="http://127.0.0.1:9/pixel.png"/>',
        '<p style="position:fixed;background:url(http://127.0.0.1:9/)" onclick="alert(1)" class="band" id="band"/>',
        '<a href="javascript:alert(1)"/>',
        '<object data="file:///etc/passwd"><embed src="file:///etc/passwd"/></object>',
        '<link rel="attachment" href="file:///etc/passwd"/>',
        '<iframe src="http://127.0.0.1:9/"/>',
        '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
        "<style>@page { margin: 0 } @import url(http://127.0.0.1:9/)</style>",
        '<base href="file:///etc/"/><meta http-equiv="refresh" content="0"/>',
    ],
)
def test_what_could_run_fetch_or_hide_is_left_out(hostile):
    made = cleaned(f"<p>avant</p>{hostile}<p>après</p>")
    assert "<p>avant</p>" in made
    assert "<p>après</p>" in made
    for trace in ("alert", "passwd", "127.0.0.1", "style", "onclick", "href", "band", "/etc/", "@page"):
        assert trace not in made


def test_nothing_is_fetched_while_printing(monkeypatch):
    def refused(*_arguments, **_named):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket.socket, "connect", refused)
    made = bundles.bundle(bundles.section("Texte", '<p>dit</p><img src="http://127.0.0.1:9/a.png" alt="Tracé"/>'))
    printed = pdf_from_bundle(made)
    assert "[image : Tracé]" in texts(printed.content)[0]
    assert "Composition.section[0].text.div" in printed.findings[0].message


def test_an_unknown_element_loses_its_tag_and_keeps_its_words():
    assert cleaned("<section><p>un</p> deux <blink>trois</blink></section>") == "<div><p>un</p> deux trois</div>"


def test_a_heading_of_a_narrative_is_no_heading_of_the_document():
    assert cleaned("<h1>Titre</h1>") == '<div><p class="subheading">Titre</p></div>'


@pytest.mark.parametrize("div", ["<div", "pas du XML", "<!DOCTYPE div><div/>", "<div>&nbsp;</div>"])
def test_what_is_not_xhtml_is_refused_with_its_place(div):
    made = bundles.letter()
    made["entry"][0]["resource"]["section"][1]["text"]["div"] = div
    with pytest.raises(IncompleteDocument) as caught:
        pdf_from_bundle(made)
    assert caught.value.findings[0].expression == "Composition.section[1].text.div"


def test_a_span_of_a_million_columns_is_cut():
    assert 'colspan="60"' in cleaned('<table><tr><td colspan="99999">un</td></tr></table>')
    assert "colspan" not in cleaned('<table><tr><td colspan="1000000">un</td></tr></table>')


@pytest.mark.parametrize("inside", ["<b/>" * 9_990 + "<i/>" * 20, "x" * 400_001])
def test_a_text_of_too_many_pages_is_refused(inside):
    with pytest.raises(IncompleteDocument, match="10000 elements or 400000 characters"):
        cleaned(inside)


def test_the_longest_word_of_each_column_has_room_on_a_line():
    words = ("02/05/2018", "microgrammes,", "Fréquence", "d'administration", "comprimé(s)", "Hypothyroïdie")
    cells = "".join(f"<td>{word} {'un mot ' * rank}</td>" for rank, word in enumerate(words))
    table = etree.fromstring(f"<table><tbody><tr>{cells}</tr></tbody></table>")
    set_widths(table)
    shares = [float(each.get("style").removeprefix("width: ").rstrip("%")) for each in table.find("colgroup")]
    assert all(share >= len(word) for share, word in zip(shares, words, strict=True))


def test_tables_in_tables_are_laid_out_in_bounded_time():
    inside = "<p>fond</p>"
    for _ in range(30):
        inside = f"<table><tr><td>{inside}</td><td>à côté</td></tr></table>"
    with at_most(10):
        printed = pdf_from_bundle(bundles.bundle(bundles.section("Texte", inside)))
    assert "fond" in " ".join(texts(printed.content))


@pytest.mark.parametrize(
    ("mode", "kind"), [("RGBA", "PNG"), ("P", "GIF"), ("LA", "PNG"), ("CMYK", "JPEG"), ("1", "PNG")]
)
@needs_preflight
def test_pictures_of_every_kind_are_printed_without_transparency(mode, kind, tmp_path):
    made = bundles.bundle(bundles.section("Texte", f'<img src="{bundles.picture(mode, kind=kind)}" alt=""/>'))
    printed = pdf_from_bundle(made)
    assert not printed.findings
    assert "is a valid PDF/A-1b file" in verdict(printed.content, tmp_path)
    with pikepdf.open(BytesIO(printed.content)) as pdf:
        assert not any("/SMask" in each for each in pdf.objects if isinstance(each, pikepdf.Stream))


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("data:image/png;base64,AAAA", "whole PNG, JPEG, GIF or TIFF"),
        ("data:image/svg+xml;base64,PHN2Zy8+", "whole PNG, JPEG, GIF or TIFF"),
        ("data:image/png;base64,é", "not base64"),
        ("data:image/png,abc", "not in the document"),
        (bundles.picture("1", (6000, 6000)), "over 25000000 pixels"),
    ],
)
def test_a_picture_that_cannot_be_printed_is_told(source, why):
    narratives = Narratives()
    narratives.printable(XHTML.format(f'<img src="{source}" alt="Tracé"/>'), "here")
    assert why in narratives.findings[0].message
    assert not narratives.images
