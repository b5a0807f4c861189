"""Finding entries by the beginnings of their words, as someone types: no accents, case or hyphens, the best first."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from usager_server.search.words import LAST, normalise

MOST_WORDS = 12
"""Words of a query that are looked for; nobody types more to find a code."""

MOST_RANKED = 500
"""Entries that are ranked one by one; of more, those whose first name begins with the text come first."""

BETWEEN = "\n"
KEPT, KEPT_CHARACTERS = 64, 32
"""Answers of over MOST_RANKED entries that are kept, those to first letters, and the longest text of one."""

SHORT_FOR = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
"""What people type for another word: it is looked for as well."""


class WordIndex:
    """An index over the names of entries, each known by its place. Time: made once; a search is a few bisections."""

    def __init__(self, entries: Iterable[Sequence[str]]) -> None:
        # The names of an entry are one text; a space stands before each, and so before each of its words.
        folded = [[f" {normalise(name)}" for name in names] for names in entries]
        self._names = [BETWEEN.join(names) for names in folded]
        self._firsts = sorted((names[0], number) for number, names in enumerate(folded) if names)
        self._lengths = [len(names[0]) if names else 0 for names in folded]
        pairs = {(word, number) for number, names in enumerate(folded) for name in names for word in name.split()}
        ordered = sorted(pairs)
        self._words = [word for word, _ in ordered]
        self._places = [number for _, number in ordered]
        self._kept: dict[str, Sequence[int]] = {}

    def find(self, text: str) -> Sequence[int]:
        """Return the places of the entries that have, for each word of the text, one that begins with it.

        Order   an entry whose first name is the text, then one whose first name begins with it, then one of whose other
                names does, then one of whose names has all the words; then the shorter name, then the given order.
        """
        folded = normalise(text)
        words = folded.split()[:MOST_WORDS]
        if not words:
            return range(len(self._names))
        kept = self._kept.get(folded)
        if kept is not None:
            return kept
        found = set.intersection(*map(self._meant, words))
        if len(found) > MOST_RANKED:
            return self._keep(folded, self._roughly(f" {folded}", found))
        begun, each = f" {folded}", [f" {word}" for word in words]
        return sorted(found, key=lambda number: (*self._rank(number, begun, each), number))

    def _roughly(self, text: str, found: set[int]) -> Sequence[int]:
        """Return first the entries whose first name begins with the text, the shorter first, then the others."""
        start, end = bisect_left(self._firsts, (text,)), bisect_left(self._firsts, (text + LAST,))
        numbers = sorted(number for _, number in self._firsts[start:end] if number in found)
        numbers.sort(key=self._lengths.__getitem__)
        return [*numbers, *sorted(found.difference(numbers))]

    def _keep(self, text: str, numbers: Sequence[int]) -> Sequence[int]:
        """Keep an answer in the place of the oldest. Threads replace what is kept, and never change it."""
        if len(text) <= KEPT_CHARACTERS:
            self._kept = dict([*self._kept.items(), (text, array("i", numbers))][-KEPT:])
        return numbers

    def _meant(self, word: str) -> set[int]:
        found = self._beginning(word)
        return found | self._beginning(SHORT_FOR[word]) if word in SHORT_FOR else found

    def _beginning(self, word: str) -> set[int]:
        start, end = bisect_left(self._words, word), bisect_left(self._words, word + LAST)
        return set(self._places[start:end])

    def _rank(self, number: int, text: str, words: Sequence[str]) -> tuple[int, int]:
        names = self._names[number]
        length = self._lengths[number]
        if names.startswith(text):
            return (0, 0) if length == len(text) else (1, length)
        if f"{BETWEEN}{text}" in names:
            return 2, length
        for name in names.split(BETWEEN):
            for word in words:
                if word not in name:
                    break
            else:
                return 3, length
        return 4, length
