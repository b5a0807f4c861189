"""The producer's style sheet: what it shows is shown, what else it would do is not done."""

import time

import pytest

from tests.cda.render.documents import LETTER, section, structured
from usager_cda import bundle_from_cda, read_header
from usager_cda.render import StyleRefused, html_by_producer, html_from_cda

NAMESPACES = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"'


def sheet(inside, version="1.0", more=""):
    """Return a style sheet whose only template makes this."""
    template = f'<xsl:template match="/"><html><body>{inside}</body></html></xsl:template>'
    return f'<xsl:stylesheet version="{version}" {NAMESPACES} {more}>{template}</xsl:stylesheet>'.encode()


def self_displaying(inside):
    """Return a document that displays itself."""
    text = structured(section("Suite", "dit")).decode().partition("?>")[2]
    return sheet(inside).replace(b"</xsl:stylesheet>", text.encode() + b"</xsl:stylesheet>")


def shown(inside):
    return html_by_producer(LETTER.encode(), sheet(inside)).decode()


def test_a_document_that_displays_itself_is_read_like_any_other():
    data = self_displaying("<p/>")
    assert read_header(data).header.title == "Lettre de liaison de sortie"
    assert "<h1>Lettre de liaison de sortie</h1>" in html_from_cda(data).decode()
    assert bundle_from_cda(data)["resourceType"] == "Bundle"


def test_a_document_that_displays_itself_is_shown_as_it_wishes():
    title = '<h2 style="color:red"><xsl:value-of select="//h:ClinicalDocument/h:title"/></h2>'
    assert '<h2 style="color:red">Lettre de liaison de sortie</h2>' in html_by_producer(self_displaying(title)).decode()


def test_a_style_sheet_may_come_in_a_file_of_its_own():
    assert "<b>Lettre de liaison de sortie</b>" in shown('<b><xsl:value-of select="//h:title"/></b>')


def test_the_page_says_whose_display_it_is_and_whose_document():
    made = shown("<p>autre nom</p>")
    assert "Affichage par la feuille de style du producteur. Nom de naissance : ABEILLON" in made


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '<img src="http://alert/x.png" onerror="alert(1)"/>',
        '<a href="javascript:alert(1)">dit</a>',
        '<p style="background:url(//alert)" onclick="alert(1)">dit</p>',
        '<iframe src="http://alert"/><object data="http://alert"/><embed src="alert"/>',
        "<style>@import '//alert'; body { background: url(//alert) }</style>",
        '<form action="//alert"><input name="alert"/></form>',
        '<svg onload="alert(1)"><script>alert(1)</script></svg>',
        '<meta http-equiv="refresh" content="0;url=//alert"/><base href="//alert"/><link href="//alert"/>',
        '<xsl:text disable-output-escaping="yes">&lt;script>alert(1)&lt;/script></xsl:text>',
        '<img src="data:image/svg+xml;base64,alert"/>',
    ],
)
def test_what_it_makes_shows_and_does_nothing_else(hostile):
    made = shown(f"<p>avant</p>{hostile}<p>après</p>")
    assert "alert" not in made
    assert "<p>avant</p>" in made
    assert "<p>après</p>" in made


@pytest.mark.parametrize(
    "reading",
    [
        "<xsl:value-of select=\"document('file:///etc/passwd')\"/>",
        "<xsl:value-of select=\"document('http://127.0.0.1:9/')\"/>",
        "<xsl:copy-of select=\"document('')\"/>",
        "<xsl:value-of select=\"unparsed-entity-uri('x')\"/>",
    ],
)
def test_it_reads_nothing(reading):
    try:
        made = shown(f"<p>avant</p>{reading}")
    except StyleRefused:
        return
    assert "root:" not in made
    assert "xsl:template" not in made


def test_it_writes_nothing(tmp_path):
    target = tmp_path / "written"
    exslt = f'<e:document xmlns:e="http://exslt.org/common" href="{target}"><a/></e:document>'
    for inside in (exslt, f'<xsl:document href="{target}"><a/></xsl:document>'):
        with pytest.raises(StyleRefused):
            html_by_producer(LETTER.encode(), sheet(inside, more='extension-element-prefixes="e" xmlns:e="x"'))
    assert not target.exists()


@pytest.mark.parametrize("name", ["import", "include"])
def test_another_sheet_is_not_brought_in(name):
    data = sheet("<p/>").replace(b"<xsl:template", f'<xsl:{name} href="file:///etc/passwd"/><xsl:template'.encode())
    with pytest.raises(StyleRefused, match=name):
        html_by_producer(LETTER.encode(), data)


def endless(inside):
    template = f'<xsl:template name="again"><xsl:param name="n" select="1"/>{inside}</xsl:template>'
    call = '<xsl:call-template name="again"/>'
    return sheet(call).replace(b"</xsl:stylesheet>", f"{template}</xsl:stylesheet>".encode())


@pytest.mark.parametrize(
    "inside",
    [
        '<xsl:call-template name="again"/>',
        '<xsl:call-template name="again"/><xsl:call-template name="again"/>',
        4 * '<xsl:for-each select="//*">'
        + '<xsl:value-of select="count(//*[. = current()])"/>'
        + 4 * "</xsl:for-each>",
        '<xsl:variable name="m" select="concat($n,$n,$n,$n)"/>'
        '<xsl:call-template name="again"><xsl:with-param name="n" select="$m"/></xsl:call-template>',
    ],
    ids=["deep", "wide", "slow", "large"],
)
def test_one_that_never_ends_is_stopped(inside):
    began = time.monotonic()
    with pytest.raises(StyleRefused, match=r"will not run|too long"):
        html_by_producer(LETTER.encode(), endless(inside))
    assert time.monotonic() - began < 12


def test_a_document_without_a_style_sheet_has_none():
    with pytest.raises(StyleRefused, match="brings no style sheet"):
        html_by_producer(LETTER.encode())


def test_another_version_of_xslt_is_not_run():
    with pytest.raises(StyleRefused, match=r"XSLT 2\.0"):
        html_by_producer(LETTER.encode(), sheet("<p/>", version="2.0"))
