"""FHIR XML: to the tree and back, and what is refused on the way."""

import json
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from jiter import LosslessFloat
from lxml import etree

from tests.proofs.npm import package
from usager_server.definitions import Definitions
from usager_server.errors import Invalid
from usager_server.jsontext import build_json, parse_json
from usager_server.xmltext import tree_from_xml, xml_from_tree

NS = 'xmlns="http://hl7.org/fhir"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
LARGEST_BYTES = 60_000
PER_TYPE = 4


def read(xml: str, definitions: Definitions) -> Any:
    """Return the tree of an XML text."""
    return tree_from_xml(xml.encode(), definitions)


def write(tree: Any, definitions: Definitions, **options: bool) -> str:
    """Return the XML text of a tree, without its first line."""
    return xml_from_tree(tree, definitions, **options).decode().partition("?>")[2]


def test_each_kind_of_value_has_its_json_type(definitions: Definitions) -> None:
    tree = read(
        f'<Patient {NS}><id value="a"/><active value="true"/><multipleBirthInteger value="2"/></Patient>', definitions
    )
    assert tree == {"resourceType": "Patient", "id": "a", "active": True, "multipleBirthInteger": 2}


def test_a_decimal_keeps_its_digits(definitions: Definitions) -> None:
    for digits, kind in (("1.50", LosslessFloat), ("1e3", LosslessFloat), ("61", int)):
        xml = f'<Observation {NS}><valueQuantity><value value="{digits}"/></valueQuantity></Observation>'
        value = read(xml, definitions)["valueQuantity"]["value"]
        assert type(value) is kind
        assert write(read(xml, definitions), definitions) == xml


def test_elements_are_written_in_the_order_of_the_specification(definitions: Definitions) -> None:
    tree = {"resourceType": "Patient", "gender": "male", "name": [{"given": ["A"], "use": "usual"}], "id": "1"}
    assert write(tree, definitions) == (
        f'<Patient {NS}><id value="1"/><name><use value="usual"/><given value="A"/></name>'
        '<gender value="male"/></Patient>'
    )


def test_ids_and_extensions_of_primitives_come_and_go(definitions: Definitions) -> None:
    xml = (
        f'<Patient {NS}><name id="n"><given value="A"/><given id="g"><extension url="http://x">'
        '<valueString value="y"/></extension></given><given value="B"/></name></Patient>'
    )
    tree = read(xml, definitions)
    extra = {"id": "g", "extension": [{"url": "http://x", "valueString": "y"}]}
    assert tree["name"] == [{"id": "n", "given": ["A", None, "B"], "_given": [None, extra, None]}]
    assert write(tree, definitions) == xml


def test_only_extensions_leave_no_array_of_nulls(definitions: Definitions) -> None:
    xml = f'<Patient {NS}><name><given><extension url="u"><valueCode value="c"/></extension></given></name></Patient>'
    assert read(xml, definitions)["name"] == [{"_given": [{"extension": [{"url": "u", "valueCode": "c"}]}]}]
    assert write(read(xml, definitions), definitions) == xml


def test_resources_stand_inside_resources(definitions: Definitions) -> None:
    xml = (
        f'<Bundle {NS}><type value="collection"/><entry><resource><Patient><contained><Organization><id value="o"/>'
        "</Organization></contained></Patient></resource></entry></Bundle>"
    )
    tree = read(xml, definitions)
    assert tree["entry"][0]["resource"]["contained"] == [{"resourceType": "Organization", "id": "o"}]
    assert write(tree, definitions) == xml


def test_special_characters_survive(definitions: Definitions) -> None:
    text = "a & b < c > d \"e\" 'f'\n\r\tgé😀"
    tree = {"resourceType": "Patient", "name": [{"text": text}]}
    assert read("<?xml version='1.0'?>" + write(tree, definitions), definitions) == tree


def test_characters_that_xml_has_not_become_the_replacement_character(definitions: Definitions) -> None:
    tree = {"resourceType": "Patient", "name": [{"text": "a\ufffe\x01b"}]}
    assert read(write(tree, definitions), definitions)["name"] == [{"text": "a\ufffd\ufffdb"}]


class TestNarrative:
    """The div: one string in JSON, an element in XML."""

    def test_it_is_written_as_it_stands(self, definitions: Definitions) -> None:
        div = f"<div {XHTML}><p class='a'>x<br/></p><!-- note --></div>"
        tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        assert div in write(tree, definitions)
        assert div in write(tree, definitions, pretty=True)

    def test_prefixes_are_resolved(self, definitions: Definitions) -> None:
        xml = (
            '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">'
            '<f:text><f:status value="generated"/>'
            '<h:div xml:lang="fr"><h:p title="&quot;">é &lt; <h:br/>z</h:p></h:div></f:text></f:Patient>'
        )
        div = f'<div {XHTML} xml:lang="fr"><p title="&quot;">é &lt; <br/>z</p></div>'
        assert read(xml, definitions)["text"]["div"] == div

    @pytest.mark.parametrize("div", ["<p>x", "texte", "<script/>", "<!DOCTYPE a><div/>", "</text>", f"<p {XHTML}/>"])
    def test_what_is_no_div_is_written_as_text(self, definitions: Definitions, div: str) -> None:
        tree = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
        written = etree.fromstring(xml_from_tree(tree, definitions))
        assert written[0][1].text == div

    def test_a_div_of_another_namespace_is_refused(self, definitions: Definitions) -> None:
        with pytest.raises(Invalid, match="namespace"):
            read(f'<Patient {NS}><text><status value="generated"/><div>x</div></text></Patient>', definitions)


def test_pretty_changes_nothing_but_the_margins(definitions: Definitions) -> None:
    tree = {"resourceType": "Patient", "name": [{"given": ["A", "B"]}]}
    pretty = write(tree, definitions, pretty=True)
    assert '\n  <name>\n    <given value="A"/>\n' in pretty
    assert read(pretty, definitions) == tree


def test_comments_and_schema_locations_are_left_out(definitions: Definitions) -> None:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"'
    xml = f'<?xml version="1.0"?><!-- a --><Patient {NS} {xsi}><!-- b --><id value="1"/><!-- c --></Patient>'
    assert read(xml, definitions) == {"resourceType": "Patient", "id": "1"}


REFUSED = [
    (f"<Patient {NS}><surname value='x'/></Patient>", "unknown element <surname>", "Patient.surname"),
    (f"<Patient {NS}><name><x/></name><name/></Patient>", "unknown element <x>", "Patient.name[0].x"),
    (f"<Patient {NS}><active value='yes'/></Patient>", "not of type boolean", "Patient.active"),
    (f"<Patient {NS}><multipleBirthInteger value='01'/></Patient>", "type integer", "Patient.multipleBirthInteger"),
    (f"<Patient {NS}><gender value='male'/><gender value='male'/></Patient>", "more than once", "Patient.gender[1]"),
    (f"<Patient {NS}><gender/></Patient>", "neither a value nor an extension", "Patient.gender"),
    (f"<Patient {NS}><gender value='male' lang='fr'/></Patient>", "unknown attribute 'lang'", "Patient.gender"),
    (f"<Patient {NS}><gender value='male'><x/></gender></Patient>", "extensions only", "Patient.gender.x"),
    (f"<Patient {NS}>texte</Patient>", "holds text", "Patient"),
    (f"<Patient {NS}><id value='1'/>texte</Patient>", "holds text", "Patient"),
    (f"<Patient {NS} id='1'/>", "is an element", "Patient"),
    (f"<Patient {NS}><name foo='1'/></Patient>", "unknown attribute 'foo'", "Patient.name"),
    (f"<Patient {NS}><contained/></Patient>", "one resource", "Patient.contained"),
    (f"<Patient {NS}><contained><Foo/></contained></Patient>", "not a resource type", "Patient.contained"),
    (f"<Patient {NS}><id xmlns='urn:x' value='1'/></Patient>", "unknown element <id>", "Patient.id"),
    (f"<HumanName {NS}/>", "not a resource type", "HumanName"),
    ("<Patient/>", "not in the namespace", "Patient"),
]


@pytest.mark.parametrize(("xml", "said", "expression"), REFUSED)
def test_what_is_not_fhir_is_refused_with_its_place(
    definitions: Definitions, xml: str, said: str, expression: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        read(xml, definitions)
    issue = refusal.value.issues[0]
    assert said in issue.diagnostics
    assert issue.diagnostics.startswith("Line 1: ")
    assert issue.expression == expression


def test_the_line_is_told(definitions: Definitions) -> None:
    with pytest.raises(Invalid, match="Line 3"):
        read(f"<Patient {NS}>\n<id value='1'/>\n<foo/>\n</Patient>", definitions)


@pytest.mark.parametrize(
    "data", [b"", b"<Patient", b"\x00", b"{}", b"<a>" * 400, b"<?xml version='1.0'?>", b"\xff\xfe"]
)
def test_what_is_no_xml_is_refused(definitions: Definitions, data: bytes) -> None:
    with pytest.raises(Invalid):
        tree_from_xml(data, definitions)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_its_entities(
    definitions: Definitions, encoding: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    doctype = f'<!DOCTYPE Patient [<!ENTITY x SYSTEM "{secret.as_uri()}"><!ENTITY e0 "a">{bomb}]>'
    xml = f'<?xml version="1.0" encoding="{encoding}"?>{doctype}<Patient {NS}><id value="&e0;"/></Patient>'
    with pytest.raises(Invalid, match="document type"):
        tree_from_xml(xml.encode(encoding), definitions)


def test_thousands_of_attributes_are_refused_at_once(definitions: Definitions) -> None:
    many = " ".join(f'a{number}="x"' for number in range(20_000))
    name = f'<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p {many}>a</h:p></h:div>'
    for text in (f"<Patient {NS} {many}/>", f"<Patient {NS}><active {many}/></Patient>", narrative(name)):
        began = monotonic()
        with pytest.raises(Invalid):
            read(text, definitions)
        assert monotonic() - began < 1


def narrative(div: str) -> str:
    """Return a Patient with this narrative."""
    return f'<Patient {NS}><text><status value="generated"/>{div}</text></Patient>'


def test_nesting_has_a_limit(definitions: Definitions) -> None:
    depth = 120
    xml = f"<Patient {NS}>{'<extension url=`u`>' * depth}{'</extension>' * depth}</Patient>".replace("`", '"')
    with pytest.raises(Invalid, match="deeper"):
        read(xml, definitions)


@pytest.mark.parametrize(
    "tree",
    [
        {"resourceType": "Foo"},
        {"resourceType": "Patient", "foo": 1},
        {"resourceType": "Patient", "name": ["x"]},
        {"resourceType": "Patient", "contained": ["x"]},
        {},
    ],
)
def test_a_tree_that_xml_cannot_carry_is_refused(definitions: Definitions, tree: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        xml_from_tree(tree, definitions)


def test_examples_are_the_same_through_xml(definitions: Definitions) -> None:
    by_type: dict[str, list[Path]] = {}
    for path in sorted(package("hl7.fhir.r4.examples", "4.0.1").glob("[A-Z]*.json")):
        if path.stat().st_size < LARGEST_BYTES:
            by_type.setdefault(path.name.partition("-")[0], []).append(path)
    sample = [path for group in by_type.values() for path in group[:PER_TYPE]]
    for number, path in enumerate(sample):
        tree = parse_json(path.read_bytes())
        again = tree_from_xml(xml_from_tree(tree, definitions, pretty=number % 2 == 0), definitions)
        assert _content(again) == _content(tree), path.name
    assert len(sample) > 300


def _content(tree: Any) -> str:
    """Return a tree as text, keys sorted, numbers by their digits, the narrative in canonical XML."""
    loaded = json.loads(build_json(tree), parse_float=lambda digits: f"decimal {digits}")
    return json.dumps(_canonical(loaded), sort_keys=True)


def _canonical(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: _div(value) if name == "div" else _canonical(value) for name, value in tree.items()}
    return [_canonical(each) for each in tree] if isinstance(tree, list) else tree


def _div(value: str) -> str:
    return etree.tostring(etree.fromstring(value), method="c14n").decode()
