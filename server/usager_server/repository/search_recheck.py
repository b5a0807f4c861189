"""Two texts may share a hash: a match is shown only when its document holds the text that was asked for."""

from collections.abc import Callable, Sequence

import orjson

from usager_server.search.parameters import SearchRegistry
from usager_server.search.query import Condition, Value

Check = Callable[[str], bool]
Texts = tuple[str, ...]

WITH_SYSTEM = frozenset({"Coding", "CodeableConcept", "Identifier"})
CHECKED_LEAVES = WITH_SYSTEM | {"code", "string", "uri", "id"}
CHECKED_VALUES = 50


def checks(registry: SearchRegistry, types: Sequence[str], conditions: Sequence[Condition]) -> list[Check]:
    """Return a check for each condition whose text must stand in the document, to be run on it in lower case."""
    found = [_texts(registry, types, condition) for condition in conditions]
    return [_check(texts) for texts in found if texts]


def _check(values: Sequence[Texts]) -> Check:
    return lambda document: any(all(text in document for text in texts) for texts in values)


def _texts(registry: SearchRegistry, types: Sequence[str], condition: Condition) -> list[Texts]:
    """Return the texts of each value, those of one of which must be there; none when it cannot be checked so."""
    if condition.chain is not None or condition.reverse is not None or len(condition.values) > CHECKED_VALUES:
        return []
    parameter = registry.common_parameter(types, condition.parameter)
    if parameter is None:
        return []
    texts = [_of_value(value, parameter.type, condition.modifier, parameter.leaves) for value in condition.values]
    return texts if all(texts) else []


def _of_value(value: Value, kind: str, modifier: str | None, leaves: frozenset[str]) -> Texts:
    match kind, modifier:
        case "token", None if frozenset() < leaves <= WITH_SYSTEM:
            return _as_written(value.code, value.system)
        case "token", None if frozenset() < leaves <= CHECKED_LEAVES:
            return _as_written(value.code or value.system)
        case "token", "of-type":
            return _as_written(*(part.text for part in value.parts))
        case "string", "exact":
            return _as_written(value.text)
        case "reference", "identifier":
            return _as_written(value.code, value.system)
        case "reference", _ if modifier != "missing":
            return _as_written(value.text.rpartition("/")[2].partition("|")[0])
    return ()


def _as_written(*texts: str | None) -> Texts:
    """Return texts as JSON holds them, in lower case."""
    return tuple(orjson.dumps(text).decode()[1:-1].casefold() for text in texts if text)
