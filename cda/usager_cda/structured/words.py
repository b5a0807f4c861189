"""The narrative of a section that is being written: made row by row from what the entries say, or kept as it was."""

from collections.abc import Iterable, Sequence

from usager_cda.building import add, node
from usager_cda.structured.narrative import text_from_div
from usager_cda.tree import Node, text_of

NOTHING = "—"


class Row:
    """What one entry says in the narrative: cells under their headings, those that entries point at with an ID."""

    def __init__(self, words: "Words") -> None:
        self._words = words
        self._said: dict[tuple[str, str], str] = {}
        self.cells: dict[str, list[Node]] = {}

    def tell(self, heading: str, text: str | None) -> None:
        """Say something that no element points at; a narrative that is kept says it its own way."""
        if text and not self._words.is_kept:
            self.cells.setdefault(heading, []).append(node("content", text))

    def say(self, heading: str, text: str | None, link: str | None = None) -> Node:
        """Say something and return the reference to it; link is where it may have stood in a narrative that is kept."""
        return node("reference", value=f"#{self._place(heading, text or NOTHING, link)}")

    def point(self, heading: str, text: str | None, link: str | None) -> Node:
        """Return the reference to where a whole entry is told: the link it came with, else say it."""
        key = self._words.known(link) or self._place(heading, text or NOTHING, None)
        return node("reference", value=f"#{key}")

    def near(self, heading: str, text: str | None, link: str | None) -> Node:
        """Return the reference to these words if the narrative has them, else to where the link leads, else say them.

        For what also tells its name by itself: its words in the narrative need not be the same.
        """
        words = text or NOTHING
        key = self._words.place_of(words, link) or self._words.known(link) or self._place(heading, words, None)
        return node("reference", value=f"#{key}")

    def _place(self, heading: str, text: str, link: str | None) -> str:
        key = self._said.get((heading, text)) or self._words.place_of(text, link)
        if key is None:
            key = self._words.new_id()
            self.cells.setdefault(heading, []).append(node("content", text, ID=key))
        self._said[heading, text] = key
        return key


class Words:
    """The narrative of one section. ids are those of the whole document, which must not meet twice."""

    is_kept = False

    def __init__(self, prefix: str, ids: set[str]) -> None:
        self.prefix = prefix
        self._ids = ids
        self._rows: list[Row] = []
        self._before: list[Node] = []

    def row(self) -> Row:
        """Return a new row."""
        made = Row(self)
        self._rows.append(made)
        return made

    def known(self, link: str | None) -> str | None:
        """Return the ID a link leads to, if it is there already."""
        return None

    def place_of(self, text: str, link: str | None) -> str | None:
        """Return the ID of words that are there already."""
        return None

    def new_id(self) -> str:
        """Return an ID that no other element of the document has."""
        number = len(self._ids) + 1
        while f"{self.prefix}-{number}" in self._ids:
            number += 1
        self._ids.add(f"{self.prefix}-{number}")
        return f"{self.prefix}-{number}"

    def put(self, *blocks: Node) -> None:
        """Put paragraphs or other blocks before the table."""
        self._before.extend(blocks)

    def build(self) -> Node | None:
        """Return the text element; None when nothing was said."""
        rows = [row for row in self._rows if row.cells]
        if not rows and not self._before:
            return None
        return add(node("text"), *self._before, *map(_table, _alike(rows)))


class KeptWords(Words):
    """A narrative that a person wrote: kept as it is; entries point at the words in it that say the same."""

    is_kept = True

    def __init__(self, prefix: str, ids: set[str], div: str) -> None:
        super().__init__(prefix, ids)
        self._text = text_from_div(div)
        self._places: dict[str, list[str]] = {}
        self._known: dict[str, str] = {}
        for element in self._text.iter():
            key = element.get("ID")
            if key is not None:
                self._index(element, key)

    def _index(self, element: Node, key: str) -> None:
        if key in self._ids:
            del element.attrib["ID"]
            return
        self._ids.add(key)
        self._known[key] = text_of(element) or ""
        self._places.setdefault(self._known[key], []).append(key)

    def known(self, link: str | None) -> str | None:
        """Return the ID a link leads to, if it is there already."""
        key = (link or "").removeprefix("#")
        return key if key in self._known else None

    def place_of(self, text: str, link: str | None) -> str | None:
        """Return the ID of these words: where the link says when it says them, else the next place that does."""
        words = " ".join(text.split())
        key = self.known(link)
        if key is not None and self._known[key] == words:
            return key
        places = self._places.get(words, [])
        if len(places) > 1:
            return places.pop(0)
        return places[0] if places else None

    def build(self) -> Node | None:
        """Return the text element, with what it did not say yet behind it."""
        added = super().build()
        for block in () if added is None else list(added):
            self._text.append(block)
        return self._text


def _alike(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows by table: one that shares no heading with those before it begins another."""
    tables: list[list[Row]] = []
    headings: set[str] = set()
    for row in rows:
        if not headings & set(row.cells):
            tables.append([])
            headings = set()
        tables[-1].append(row)
        headings |= set(row.cells)
    return tables


def _table(rows: Sequence[Row]) -> Node:
    headings = list(dict.fromkeys(heading for row in rows for heading in row.cells))
    head = add(node("thead"), add(node("tr"), *(node("th", heading) for heading in headings)))
    body = node("tbody")
    for row in rows:
        body.append(add(node("tr"), *(_cell(row.cells.get(heading, ())) for heading in headings)))
    return add(node("table", border="0"), head, body)


def _cell(contents: Iterable[Node]) -> Node:
    cell = node("td")
    for content in contents:
        if len(cell):
            cell.append(node("br"))
        cell.append(content)
    return cell
