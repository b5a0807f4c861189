"""Files -> items: a line of NDJSON, an entry or a whole Bundle of JSON, a CDA document; one is held at a time."""

import gzip
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from usager_server.errors import Invalid
from usager_server.jsontext import parse_json
from usager_server.loading.naming import Names, linked, made_id, own_id

Kind = Literal["resource", "bundle", "cda", "unreadable"]

# A transaction and a batch say what is to be done; a collection is only a way to hand resources over. A document or a
# message is a resource like any other.
ORDERS = ("transaction", "batch")
BAGS = ("collection", "searchset")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LINES = (".ndjson", ".jsonl")
WHOLE = (".json",)
DOCUMENTS = (".xml", ".cda")
LINE_LIMIT_BYTES = 50 * 1024 * 1024
READ_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One file. Shape: digest is the SHA-256 of what it holds, unpacked; size_bytes is its size on the disk."""

    path: Path
    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to load.

    Shape   ordinal counts from 1 within the file (the line number, for NDJSON); content is a resource with an id, a
            transaction or batch as a tree, the bytes of a CDA document, or the reason why an item cannot be read. name
            stands for what a bundle says, so that what it creates can be given ids.
    """

    source: Source
    ordinal: int
    kind: Kind
    content: Any
    size_bytes: int
    name: str = ""


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the loadable files among the paths, folders searched through, in the order of their names.

    Errors  FileNotFoundError when a path does not exist, Invalid when a file named outright is not loadable.
    """
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.rglob("*") if each.is_file() and _format(each))
        elif not path.exists():
            raise FileNotFoundError(f"{path} does not exist")
        elif _format(path):
            yield path
        else:
            raise Invalid(f"{path} is none of {', '.join((*LINES, *WHOLE, *DOCUMENTS))}, nor one of these with .gz")


def open_source(path: Path) -> Source:
    """Return a file with its digest, so that it is known again under another name, packed or not.

    Errors  OSError when it cannot be read, EOFError when a packed file is cut short.
    """
    digest = hashlib.sha256()
    with _opened(path) as stream:
        while piece := stream.read(READ_BYTES):
            digest.update(piece)
    return Source(path, digest.hexdigest(), path.stat().st_size)


def items(source: Source) -> Iterator[Item]:
    """Yield what a file holds. An item that cannot be read is yielded as unreadable: it is told, never lost."""
    with _opened(source.path) as stream:
        try:
            yield from _read(source, stream)
        except (OSError, EOFError) as error:  # a damaged .gz, a disk that fails
            yield Item(source, 0, "unreadable", f"The file cannot be read: {error}", 0)


def _read(source: Source, stream: IO[bytes]) -> Iterator[Item]:
    match _format(source.path):
        case "lines":
            yield from _lines(source, stream)
        case "document":
            data = stream.read()
            yield Item(source, 1, "cda", data, len(data))
        case _:
            yield from _whole(source, stream.read())


def _lines(source: Source, stream: IO[bytes]) -> Iterator[Item]:
    number, names = 0, Names()
    while line := stream.readline(LINE_LIMIT_BYTES):
        number += 1
        if len(line) == LINE_LIMIT_BYTES and not line.endswith(b"\n"):
            yield Item(source, number, "unreadable", f"The line is over {LINE_LIMIT_BYTES} bytes", len(line))
            while rest := stream.readline(READ_BYTES):
                if rest.endswith(b"\n"):
                    break
        elif line.strip():
            yield _item(source, number, line.lstrip(BYTE_ORDER_MARK) if number == 1 else line, names)


def _item(source: Source, ordinal: int, text: bytes, names: Names) -> Item:
    try:
        tree = parse_json(text)
    except Invalid as error:
        return Item(source, ordinal, "unreadable", error.issues[0].diagnostics, len(text))
    if not isinstance(tree, dict) or not isinstance(tree.get("resourceType"), str):
        return Item(source, ordinal, "unreadable", "This is not a FHIR resource: it has no resourceType", len(text))
    if tree["resourceType"] == "Bundle" and tree.get("type") in ORDERS:
        return Item(source, ordinal, "bundle", tree, len(text), names.of(text))
    if tree["resourceType"] == "Bundle" and tree.get("type") == "history":
        return Item(source, ordinal, "unreadable", "A history is not loaded: its last versions would be", len(text))
    if own_id(tree) is None:
        tree = {**tree, "id": made_id(names.of(text))}
    return Item(source, ordinal, "resource", tree, len(text))


def _whole(source: Source, text: bytes) -> Iterator[Item]:
    """Yield a transaction or a batch whole, a collection entry by entry, any other resource as it is."""
    names = Names()
    item = _item(source, 1, text.lstrip(BYTE_ORDER_MARK), names)
    is_bag = item.kind == "resource" and item.content["resourceType"] == "Bundle" and item.content.get("type") in BAGS
    entries = item.content.get("entry") if is_bag else None
    if not isinstance(entries, list):
        yield item
        return
    found = {number: entry for number, entry in enumerate(entries, start=1) if _has_resource(entry)}
    resources = linked([(entry.get("fullUrl"), names.named(entry["resource"])) for entry in found.values()])
    by_number = dict(zip(found, resources, strict=True))
    for number in range(1, len(entries) + 1):
        if number in by_number:
            yield Item(source, number, "resource", by_number[number], len(text) // len(entries))
        else:
            yield Item(source, number, "unreadable", f"Bundle.entry[{number - 1}] has no resource", 0)


def _has_resource(entry: Any) -> bool:
    resource = entry.get("resource") if isinstance(entry, dict) else None
    return isinstance(resource, dict) and isinstance(resource.get("resourceType"), str)


def _format(path: Path) -> str | None:
    name = path.name.lower().removesuffix(".gz")
    formats = {"lines": LINES, "whole": WHOLE, "document": DOCUMENTS}
    return next((form for form, endings in formats.items() if name.endswith(endings)), None)


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb")  # type: ignore[return-value]
