"""The widths of the columns of a table, from what its cells say.

A table of fixed columns is laid out in half the time, and a word as long as a page cannot push the others out of it.
"""

from collections.abc import Iterator

from lxml import etree

from usager_cda.tree import Element

CELLS = ("td", "th")
ROWS = ("thead", "tbody", "tfoot")
# A column is as wide as its longest word, and its share of what is left follows the length of its texts. Unit: letters.
LONGEST_WORD, LONGEST_TEXT, MOST_COLUMNS = 18, 90, 60
# What a line of a page holds, and what stands around the words of a cell.
LINE, AROUND = 100, 2


def set_widths(table: Element) -> None:
    """Give a table its columns, in percent. A table that is wider than what is counted keeps equal ones."""
    words: list[int] = []
    texts: list[int] = []
    for row in _rows(table):
        for column, cell, span in _cells(row):
            if span > 1 or column >= MOST_COLUMNS:
                continue
            missing = column + 1 - len(words)
            words.extend([2] * missing)
            texts.extend([2] * missing)
            text = "".join(map(str, cell.itertext()))
            words[column] = max(words[column], max(map(len, text.split()), default=0))
            texts[column] = max(texts[column], len(text.strip()))
    _put_columns(table, _shares(words, texts))


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if child.tag == "tr":
            yield child
        elif child.tag in ROWS:
            yield from child.iterchildren("tr")


def _cells(row: Element) -> Iterator[tuple[int, Element, int]]:
    column = 0
    for cell in row.iterchildren(*CELLS):
        span = int(cell.get("colspan", "1"))
        yield column, cell, span
        column += span


def _shares(words: list[int], texts: list[int]) -> list[float]:
    needed = [min(word, LONGEST_WORD) + AROUND for word in words]
    asked = [min(text, LONGEST_TEXT) for text in texts]
    left = max(0, LINE - sum(needed))
    wanted = [need + left * ask / sum(asked) for need, ask in zip(needed, asked, strict=True)]
    return [100 * each / sum(wanted) for each in wanted]


def _put_columns(table: Element, shares: list[float]) -> None:
    if not shares:
        return
    group = etree.Element("colgroup")
    for share in shares:
        etree.SubElement(group, "col", style=f"width: {share:.1f}%")
    caption = table.find("caption")
    table.insert(0 if caption is None else list(table).index(caption) + 1, group)
