"""Strings: substring, contains, matches, ... Source: FHIRPath N1, 5.6; split, join and trim from its STU parts."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from usager_server.fhirpath.functions.registry import function
from usager_server.fhirpath.nodes import EMPTY, FALSE, TRUE, Compiled, Failure, Frame, Items
from usager_server.fhirpath.operators import bounded
from usager_server.fhirpath.values import value_of, wanted

_MOST_BYTES = 2**20  # of a compiled pattern


def text(items: Items) -> str | None:
    """Return the one String. Errors: Failure on another kind."""
    found = wanted(items, str, "a String")
    return None if found is None else str(found)


def _number(items: Items) -> int | None:
    found = wanted(items, int, "an Integer")
    return None if found is None else int(found)


def _test(name: str, judge: Callable[[str, str], bool]) -> None:
    @function(name, 1)
    def apply(frame: Frame, source: Items, argument: Compiled) -> Items:
        subject, other = text(source), text(argument(frame))
        return EMPTY if subject is None or other is None else TRUE if judge(subject, other) else FALSE


def _change(name: str, change: Callable[[str], Any]) -> None:
    @function(name)
    def apply(frame: Frame, source: Items) -> Items:
        subject = text(source)
        return EMPTY if subject is None else [change(subject)]


def _locate(name: str, locate: Callable[[str, str], int]) -> None:
    @function(name, 1)
    def apply(frame: Frame, source: Items, argument: Compiled) -> Items:
        subject, other = text(source), text(argument(frame))
        return EMPTY if subject is None or other is None else [locate(subject, other)]


@lru_cache(maxsize=64)
def _pattern(pattern: str) -> Any:
    """Return a compiled pattern. RE2 takes linear time, whatever a client writes, and has no look-around."""
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = _MOST_BYTES
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise Failure(f"{pattern!r} is not a regular expression of RE2: {error}") from error


_test("startsWith", str.startswith)
_test("endsWith", str.endswith)
_test("contains", lambda subject, other: other in subject)
_test("matches", lambda subject, pattern: _pattern(pattern).search(subject) is not None)
_test("matchesFull", lambda subject, pattern: _pattern(pattern).fullmatch(subject) is not None)
_change("upper", str.upper)
_change("lower", str.lower)
_change("trim", str.strip)
_change("length", len)
_locate("indexOf", str.find)
_locate("lastIndexOf", str.rfind)


@function("toChars")
def to_chars(frame: Frame, source: Items) -> Items:
    """Return the characters."""
    found = list(text(source) or "")
    frame.run.spend(len(found))
    return found


@function("substring", 1, 2)
def substring(frame: Frame, source: Items, start: Compiled, length: Compiled | None = None) -> Items:
    """Return the part from a 0-based place, at most so long."""
    subject, at = text(source), _number(start(frame))
    if subject is None or at is None or not 0 <= at < len(subject):
        return EMPTY
    size = _number(length(frame)) if length else None
    return [subject[at:] if size is None else subject[at : at + max(0, size)]]


@function("replace", 2)
def replace(frame: Frame, source: Items, old: Compiled, new: Compiled) -> Items:
    """Return the text with every occurrence of one text replaced by another."""
    subject, before, after = text(source), text(old(frame)), text(new(frame))
    if subject is None or before is None or after is None:
        return EMPTY
    frame.run.spend(len(subject) * len(after) // 100)
    return bounded(frame, subject.replace(before, after))


@function("replaceMatches", 2)
def replace_matches(frame: Frame, source: Items, pattern: Compiled, new: Compiled) -> Items:
    """Return the text with every match of a regular expression replaced; $1 and ${name} stand for its groups."""
    subject, regex, after = text(source), text(pattern(frame)), text(new(frame))
    if subject is None or regex is None or after is None:
        return EMPTY
    if not regex:
        return [subject]
    frame.run.spend(len(subject) * len(after) // 100)
    return bounded(frame, _pattern(regex).sub(_groups(after), subject))


def _groups(replacement: str) -> Callable[[Any], str]:
    parts = list(_GROUP.split(replacement))

    def build(match: Any) -> str:
        return "".join(part if at % 2 == 0 else _group(match, part) for at, part in enumerate(parts))

    return build


def _group(match: Any, name: str) -> str:
    try:
        return str(match[int(name)] if name.isdigit() else match[name])
    except (IndexError, KeyError) as error:
        raise Failure(f"the regular expression has no group {name}") from error


_GROUP = re2.compile(r"\$\{?(\d+|[A-Za-z]\w*)\}?")


@function("split", 1)
def split(frame: Frame, source: Items, separator: Compiled) -> Items:
    """Return the parts between separators."""
    subject, between = text(source), text(separator(frame))
    if subject is None or between is None:
        return EMPTY
    found = subject.split(between) if between else list(subject)
    frame.run.spend(len(found))
    return list(found)


@function("join", 0, 1)
def join(frame: Frame, source: Items, separator: Compiled | None = None) -> Items:
    """Return the strings in one, with a separator between them."""
    between = (text(separator(frame)) if separator else "") or ""
    values = [value for value in map(value_of, source) if value is not None]
    if not all(isinstance(value, str) for value in values):
        raise Failure("only Strings were expected here")
    return bounded(frame, between.join(values)) if source else EMPTY
