"""What functions of a text remember: the short ones, which come again, and no more than so many bytes."""

import tracemalloc
from collections.abc import Callable

import pytest

from usager_server.matching.names import spelt
from usager_server.remembering import REMEMBERED_CHARACTERS, remembering
from usager_server.search.hashing import code_hasher, reference_hasher, spelling_hasher
from usager_server.search.references import target_of
from usager_server.search.sounds import sound
from usager_server.search.words import normalise
from usager_server.units.ucum import unit

TEXTS, CHARACTERS = 40, 50_000
FUNCTIONS: dict[str, Callable[[str], object]] = {
    "normalise": normalise,
    "sound": sound,
    "spelt": spelt,
    "target_of": lambda text: target_of(text, None),
    "unit": unit,
    "codes": code_hasher(1),
    "references": reference_hasher(1),
    "spellings": spelling_hasher(1),
}


def test_a_short_text_is_answered_once_and_a_long_one_each_time():
    asked: list[str] = []

    @remembering(10)
    def length(text: str) -> int:
        asked.append(text)
        return len(text)

    short, long = "a" * REMEMBERED_CHARACTERS, "a" * (REMEMBERED_CHARACTERS + 1)
    assert [length(text) for text in (short, long) * 2] == [len(short), len(long)] * 2
    assert asked == [short, long, long]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_long_texts_do_not_stay_in_memory(name: str):
    function = FUNCTIONS[name]
    tracemalloc.start()
    try:
        for number in range(TEXTS):
            function(f"{number} " + "a" * CHARACTERS)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < TEXTS * CHARACTERS / 4
