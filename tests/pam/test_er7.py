"""ER7: what is read of it, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pam.samples import message
from usager_server.pam.er7 import BYTES_MOST, Er7Error, Separators, escaped, header_of, parse, unescaped


def test_a_message_is_cut_by_the_separators_that_it_names():
    odd = message().replace("|", "!").replace("^", "*")
    lines = parse(odd.encode())
    assert lines.header.text(10) == "1"
    assert lines.all("PID")[0].repetitions(5)[0].text(2) == "ZOE"
    assert lines.all("PID")[0].repetitions(3)[1].text(4, 2) == "1.2.250.1.213.1.4.10"


@pytest.mark.parametrize(
    ("name", "codec"), [("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("UNICODE UTF-8", "utf-8")]
)
def test_a_message_is_read_in_the_character_set_it_names(name, codec):
    text = message(names="NOËL^HÉLÈNE^HÉLÈNE^^^^L", header={18: name})
    assert parse(text.encode(codec)).all("PID")[0].text(5) == "NOËL"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "commence par MSH"),
        (b"PID|1", "commence par MSH"),
        (b"MSH||~\\&|x", "commence par MSH"),
        (message(names="NO\u00cbL^X^^^^^L").encode("latin-1"), "jeu de caract"),
        (message(names="NO\u00cbL^X^^^^^L", header={18: ""}).encode(), "jeu de caract"),
        (message(header={18: "JIS"}).encode(), "inconnu"),
        (message(names="A\x00^X^^^^^L").encode(), "commande"),
        (message().encode() + b"\rx" * 3, "trois caract"),
        (message().encode() + b"ZZZ|\r" * 300, "segments"),
        (message(names="A" * BYTES_MOST).encode(), "octets"),
        (message(names="~".join(["A^B^^^^^D"] * 200)).encode(), "répétitions"),
        (message(names="A\\X41\\^B^^^^^L").encode(), "échappement"),
        (message(names="A\\S^B^^^^^L").encode(), "échappement"),
    ],
)
def test_what_is_no_such_message_is_refused(data, why):
    with pytest.raises(Er7Error, match=why):
        parse(data).all("PID")[0].text(5)
        [each.text(1) for each in parse(data).all("PID")[0].repetitions(5)]


def test_the_header_of_what_cannot_be_read_is_read_still():
    assert header_of(message(header={18: "JIS"}).encode()).text(10) == "1"


@given(st.text(alphabet="|^~\\&AÉ '", max_size=40))
def test_a_text_is_itself_again_after_its_escapes(text):
    assert unescaped(escaped(text, Separators()), Separators(), "") == text


@given(st.binary(max_size=200))
def test_bytes_are_a_message_or_refused(data):
    for each in (data, b"MSH|^~\\&|" + data):
        try:
            parse(each)
        except Er7Error as error:
            assert str(error)
