"""Hostile and broken documents: each is refused with its place, quickly, and nothing is executed."""

import pytest

from tests.spent import at_most
from usager_cda import Limits, NotConformant, TooLargeXML, UnreadableXML
from usager_cda.safety import parse_document
from usager_cda.tree import child, text_of

HEAD = '<ClinicalDocument xmlns="urn:hl7-org:v3">'
TAIL = "</ClinicalDocument>"


def document(inside: str = "", prolog: str = "") -> bytes:
    return f"{prolog}{HEAD}{inside}{TAIL}".encode()


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE ClinicalDocument>",
        '<?xml version="1.0"?>\n<!-- a comment -->\n<!DOCTYPE c [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE c [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE c SYSTEM "http://127.0.0.1:9/evil.dtd">',
        "<!doctype c>",
    ],
)
def test_a_doctype_is_refused_before_parsing(prolog):
    with pytest.raises(UnreadableXML, match="DOCTYPE is not allowed"):
        parse_document(document("<title>&a;</title>", prolog))


def test_a_doctype_hidden_by_utf16_is_refused():
    text = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE c [<!ENTITY a "b">]>' + HEAD + TAIL
    with pytest.raises(UnreadableXML, match="DOCTYPE"):
        parse_document(text.encode("utf-16"))


def test_the_line_of_a_doctype_is_told():
    with pytest.raises(UnreadableXML) as caught:
        parse_document(document(prolog="<?xml version='1.0'?>\n\n<!DOCTYPE c>"))
    assert caught.value.findings[0].line == 3


@pytest.mark.parametrize("encoding", ["utf-7", "ebcdic-cp-fr", "utf-32", "utf-16", "made-up"])
def test_an_encoding_that_could_hide_markup_is_refused(encoding):
    with pytest.raises(UnreadableXML, match="encoding"):
        parse_document(document(prolog=f'<?xml version="1.0" encoding="{encoding}"?>'))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "iso-8859-1", "windows-1252", "utf-16"])
def test_the_encodings_in_use_are_read(encoding):
    declared = encoding.removesuffix("-sig")
    data = f'<?xml version="1.0" encoding="{declared}"?>{HEAD}<title>Prénom</title>{TAIL}'.encode(encoding)
    assert text_of(child(parse_document(data), "title")) == "Prénom"


def test_bytes_that_are_not_what_they_declare_are_refused():
    data = f'<?xml version="1.0" encoding="utf-8"?>{HEAD}<title>Prénom</title>{TAIL}'.encode("iso-8859-1")
    with pytest.raises(UnreadableXML, match="malformed"):
        parse_document(data)


@pytest.mark.parametrize("data", [b"", b"  ", b"not xml", b"<!-- only -->", b"<", b"\x00" * 40, b"%PDF-1.4", b"<?xml"])
def test_what_is_not_xml_is_refused(data):
    with pytest.raises(UnreadableXML):
        parse_document(data)


def test_an_undefined_entity_is_refused():
    with pytest.raises(UnreadableXML, match="malformed"):
        parse_document(document("<title>&lol;</title>"))


@pytest.mark.parametrize("root", ["<ClinicalDocument/>", '<Patient xmlns="http://hl7.org/fhir"/>', "<html/>"])
def test_another_root_is_refused_with_what_was_expected(root):
    with pytest.raises(NotConformant, match="expected ClinicalDocument in namespace urn:hl7-org:v3"):
        parse_document(root.encode())


def test_deep_nesting_is_refused():
    with pytest.raises((TooLargeXML, UnreadableXML)):
        parse_document(document("<a>" * 100_000 + "</a>" * 100_000))


def test_nesting_one_level_too_deep_is_refused():
    inside = "<a>" * 200 + "</a>" * 200
    with pytest.raises(TooLargeXML, match="over 200 levels"):
        parse_document(document(inside))
    parse_document(document("<a>" * 199 + "</a>" * 199))


def test_too_many_nodes_are_refused_before_a_tree_is_built():
    with at_most(0.5), pytest.raises(TooLargeXML, match="nodes"):
        parse_document(document("<a/>" * 1_000_000))


def test_a_document_over_its_bound_is_refused():
    with pytest.raises(TooLargeXML, match="at most 100"):
        parse_document(document("x" * 200), Limits(size_bytes=100))


def test_a_text_over_ten_million_characters_is_read():
    root = parse_document(document(f"<title>{'x' * 10_100_000}</title>"))
    assert len(text_of(child(root, "title")) or "") == 10_100_000


def test_nesting_is_bounded_in_a_document_with_a_large_text_too():
    inside = f"<title>{'x' * 10_100_000}</title>" + "<a>" * 300 + "</a>" * 300
    with pytest.raises(TooLargeXML, match="levels"):
        parse_document(document(inside))


def test_a_stylesheet_is_never_followed():
    parse_document(document(prolog='<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>'))
