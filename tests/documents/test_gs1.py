"""GS1 element strings: what the DataMatrix of a box says, and what is refused."""

from datetime import date

import pytest

from usager_server.documents.prefill.gs1 import Box, box_from_text
from usager_server.errors import Invalid

TODAY = date(2026, 3, 12)
TETANUS = "03400932857241"
TYPED = f"(01){TETANUS}(17)271231(10)Y3B541M"
BOX = Box(TYPED, TETANUS, "Y3B541M", "2027-12-31")


@pytest.mark.parametrize(
    "text",
    [
        TYPED,
        f"  {TYPED}\r\n",
        f"]d201{TETANUS}1727123110Y3B541M",
        f"\x1d01{TETANUS}1727123110Y3B541M\x1d",
        f"]C101{TETANUS}1727123110Y3B541M",
    ],
)
def test_a_box_says_its_medicine_its_lot_and_its_expiry(text):
    assert box_from_text(text, TODAY) == BOX


def test_a_separator_ends_what_has_no_fixed_length():
    box = box_from_text(f"]d201{TETANUS}10AB-1/2\x1d21SER9\x1d17280200", TODAY)
    assert (box.lot, box.serial, box.expiry) == ("AB-1/2", "SER9", "2028-02")


def test_a_french_medicine_has_a_cip_code():
    assert BOX.cip == "3400932857241"
    assert Box("", "04006381333931").cip is None
    assert Box("").cip is None


@pytest.mark.parametrize(
    ("year", "expected"), [("26", "2026"), ("75", "2075"), ("76", "2076"), ("77", "1977"), ("99", "1999")]
)
def test_the_year_is_the_nearest_one(year, expected):
    assert box_from_text(f"(17){year}0630", TODAY).expiry == f"{expected}-06-30"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("]d2", "empty"),
        (f"(01){TETANUS[:-1]}2", "check digit"),
        ("(01)123", "14 digits"),
        ("(01)0340093285724X", "14 digits"),
        ("(17)271301", "no day"),
        ("(17)270230", "no day"),
        ("(10)" + "A" * 21, "1 to 20"),
        ("10" + "A" * 21, "then GS"),
        ("(10)L1(10)L2", "twice"),
        ("(8765)12", "not known"),
        ("55123", "not known"),
        ("(10)L1 and more)", "character"),
        ("(10)été", "1 to 20"),
        ("<script>", "not known"),
        ("1" * 301, "300"),
    ],
)
def test_what_is_no_box_is_refused_and_told(text, told):
    with pytest.raises(Invalid, match=told):
        box_from_text(text, TODAY)
