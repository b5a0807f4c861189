"""Finding entries as someone types."""

from usager_server.terminology.words import WordIndex

NAMES = [
    ["Saint-Étienne", "42218"],
    ["Étampes"],
    ["Fluarix Tetra", "grippe", "influenza"],
    ["Grippe aviaire"],
    ["L'Haÿ-les-Roses"],
]


def found(text: str) -> list[str]:
    """Return the first names of what is found, in order."""
    index = WordIndex(NAMES)
    return [NAMES[number][0] for number in index.find(text)]


def test_accents_case_and_hyphens_do_not_count():
    assert found("SAINT ETIENNE") == found("saint-étienne") == ["Saint-Étienne"]


def test_each_word_is_found_by_its_beginning_in_any_order():
    assert found("roses hay") == ["L'Haÿ-les-Roses"]


def test_the_name_that_begins_with_the_text_comes_before_another_name():
    assert found("gripp") == ["Grippe aviaire", "Fluarix Tetra"]


def test_a_word_that_no_name_begins_with_finds_nothing():
    assert found("grippe rose") == []


def test_a_text_without_words_finds_all():
    assert len(found(" - ")) == len(NAMES)


def test_a_code_is_found_as_well():
    assert found("422") == ["Saint-Étienne"]
