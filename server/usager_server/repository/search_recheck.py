"""Two texts may share a hash: a match is shown only when its document holds the text that was asked for."""

from collections.abc import Callable, Sequence

import orjson

from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, Value

Check = Callable[[str], bool]

CHECKED_LEAVES = frozenset({"Coding", "CodeableConcept", "Identifier", "code", "string", "uri", "id"})
CHECKED_VALUES = 50


def checks(registry: SearchRegistry, types: Sequence[str], conditions: Sequence[Condition]) -> list[Check]:
    """Return a check for each condition whose text must stand in the document, to be run on it in lower case."""
    found = [_texts(registry, types, condition) for condition in conditions]
    return [_check(texts) for texts in found if texts]


def _check(texts: Sequence[str]) -> Check:
    return lambda document: any(text in document for text in texts)


def _texts(registry: SearchRegistry, types: Sequence[str], condition: Condition) -> list[str]:
    """Return the texts of which one must be there; none when the condition cannot be checked so."""
    if condition.chain is not None or condition.reverse is not None or len(condition.values) > CHECKED_VALUES:
        return []
    parameter = registry.common_parameter(types, condition.parameter)
    if parameter is None:
        return []
    texts = [_text(value, parameter.type, condition.modifier, parameter.leaves) for value in condition.values]
    return [] if None in texts else [text for text in texts if text]


def _text(value: Value, kind: str, modifier: str | None, leaves: frozenset[str]) -> str | None:
    match kind, modifier:
        case "token", None if leaves <= CHECKED_LEAVES:
            return _as_written(value.code or value.system or "")
        case "token", "of-type":
            return _as_written(value.parts[2].text)
        case "string", "exact":
            return _as_written(value.text)
        case "reference", "identifier":
            return _as_written(value.code or value.system or "")
        case "reference", _ if modifier != "missing":
            return _as_written(value.text.rpartition("/")[2].partition("|")[0])
    return None


def _as_written(text: str) -> str | None:
    """Return a text as JSON holds it, in lower case."""
    return orjson.dumps(text).decode()[1:-1].casefold() if text else None
