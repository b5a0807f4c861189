"""The INS datamatrix: its text field by field, its symbol read back by another program."""

from dataclasses import replace
from io import BytesIO

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.datatypes.names import Name
from usager_cda.datatypes.places import Address
from usager_cda.header import Patient
from usager_cda.telling.datamatrix import ins_payload, symbol_png

HEAD = "IS01" + "0" * 22
GS = "\x1d"
JEANNE = Patient(
    ids=(II("1.2.250.1.213.1.4.8", "238072901900194"),),
    name=Name((("ABEILLON", "BR"),), (("JEANNE MARIE", None), ("JEANNE", "BR"))),
    gender=Code("F"),
    birth="1938-07-14",
    birthplace=Address((("county", "29019"),)),
)


def test_each_field_follows_its_label():
    expected = f"{HEAD}S1238072901900194S21.2.250.1.213.1.4.8{GS}S3JEANNE MARIE{GS}S4ABEILLON{GS}S5FS614-07-1938S729019"
    assert ins_payload(JEANNE) == expected


def test_an_oid_of_full_length_has_no_separator():
    patient = replace(JEANNE, ids=(II("1.2.250.1.213.1.4.10", "238072901900194"),))
    assert "S21.2.250.1.213.1.4.10S3" in str(ins_payload(patient))


def test_a_name_of_full_length_has_no_separator():
    patient = replace(JEANNE, name=Name((("A" * 100, "BR"),), (("JEANNE", None),)))
    assert f"S4{'A' * 100}S5F" in str(ins_payload(patient))


def test_names_lose_their_accents_and_ligatures():
    patient = replace(JEANNE, name=Name((("Œuvré-L’Açore", "BR"),), (("Éloïse", None),)))
    assert f"S3ELOISE{GS}S4OEUVRE-L'ACORE{GS}" in str(ins_payload(patient))


@pytest.mark.parametrize(
    "change",
    [
        {"ids": ()},
        {"ids": (II("1.2.250.1.71.4.2.2.1750000999", "R0042"),)},
        {"ids": (II("1.2.250.1.213.1.4.8", "2380729019001"),)},
        {"gender": Code("UN")},
        {"gender": None},
        {"birth": "1938"},
        {"birth": None},
        {"name": Name((("ABEILLON", "BR"),), ())},
        {"name": Name((("ABEILLON", "CL"),), (("JEANNE", None),))},
        {"name": Name((("А", "BR"),), (("JEANNE", None),))},
    ],
)
def test_an_identity_that_is_not_whole_has_no_symbol(change):
    assert ins_payload(replace(JEANNE, **change)) is None


def test_a_birth_place_that_is_not_known_is_left_out():
    assert str(ins_payload(replace(JEANNE, birthplace=None))).endswith("S614-07-1938")


LETTERS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ'- ", min_size=1, max_size=100).filter(lambda text: text[0].isalpha())


@given(given_names=LETTERS, family=LETTERS)
@settings(max_examples=40, deadline=None)
def test_the_symbol_of_any_name_is_read_back(given_names, family):
    payload = ins_payload(replace(JEANNE, name=Name(((family, "BR"),), ((given_names, None),))))
    assert payload is not None
    found = zxingcpp.read_barcodes(Image.open(BytesIO(symbol_png(payload))))
    assert [each.bytes.decode("ascii") for each in found] == [payload]
