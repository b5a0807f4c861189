"""Text as search compares it."""

import pytest

from usager_server.search.words import LONGEST, equal_range, normalise, prefix_range


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Éloïse", "eloise"),
        ("Jean-Pierre", "jean pierre"),
        ("D'Œuvre", "d oeuvre"),
        ("d’Ormesson", "d ormesson"),
        ("  DE   LA  TOUR ", "de la tour"),
        ("Straße", "strasse"),
        ("Læticia", "laeticia"),
        ("Łukasz", "lukasz"),
        ("İbrahim", "ibrahim"),
        ("ﬁn", "fin"),
        ("12, rue de l'Église", "12 rue de l eglise"),
        ("e\u0301", "e"),
        ("Нина", "нина"),
        ("-", ""),
    ],
)
def test_text_is_compared_without_accents_case_and_punctuation(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_normalised_text_is_normal_already() -> None:
    assert normalise(normalise("Çà & là, Œil-de-Bœuf")) == normalise("Çà & là, Œil-de-Bœuf")


def test_long_text_is_cut() -> None:
    assert len(normalise("a" * 5000)) == LONGEST


def test_a_prefix_range_holds_what_begins_with_the_text() -> None:
    low, high = prefix_range("mar")
    assert all(low <= text < high for text in ("mar", "martin", "mar z", "marœ"))
    assert not any(low <= text < high for text in ("ma", "mas", "maq"))


def test_an_equal_range_holds_the_text_alone() -> None:
    low, high = equal_range("mar")
    assert low <= "mar" < high
    assert not low <= "mar " < high
