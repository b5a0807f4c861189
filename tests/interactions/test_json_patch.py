"""JSON Patch on trees that keep their decimals."""

from typing import Any

import pytest

from usager_server.errors import FHIRError
from usager_server.interactions.json_patch import apply_json_patch
from usager_server.jsontext import build_json, parse_json


def patched(tree: Any, *operations: dict[str, Any]) -> Any:
    """Return the tree after these operations."""
    return apply_json_patch(tree, list(operations))


@pytest.mark.parametrize(
    ("tree", "operation", "expected"),
    [
        ({"a": 1}, {"op": "add", "path": "/b", "value": 2}, {"a": 1, "b": 2}),
        ({"a": [1, 3]}, {"op": "add", "path": "/a/1", "value": 2}, {"a": [1, 2, 3]}),
        ({"a": [1]}, {"op": "add", "path": "/a/-", "value": 2}, {"a": [1, 2]}),
        ({"a": 1}, {"op": "add", "path": "", "value": {"b": 2}}, {"b": 2}),
        ({"a": 1, "b": 2}, {"op": "remove", "path": "/a"}, {"b": 2}),
        ({"a": [1, 2]}, {"op": "remove", "path": "/a/0"}, {"a": [2]}),
        ({"a": 1}, {"op": "replace", "path": "/a", "value": None}, {"a": None}),
        ({"a": {"b": 1}}, {"op": "move", "from": "/a/b", "path": "/c"}, {"a": {}, "c": 1}),
        ({"a": [1]}, {"op": "copy", "from": "/a", "path": "/b"}, {"a": [1], "b": [1]}),
        ({"a/b": 1, "m~n": 2}, {"op": "test", "path": "/a~1b", "value": 1}, {"a/b": 1, "m~n": 2}),
        ({"a": {"x": [1, "y"]}}, {"op": "test", "path": "/a", "value": {"x": [1, "y"]}}, {"a": {"x": [1, "y"]}}),
    ],
)
def test_an_operation_does_what_it_says(tree: Any, operation: dict[str, Any], expected: Any):
    assert patched(tree, operation) == expected


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/nothing"},
        {"op": "replace", "path": "/nothing", "value": 1},
        {"op": "add", "path": "/a/5", "value": 1},
        {"op": "add", "path": "/a/01", "value": 1},
        {"op": "add", "path": "/x/y", "value": 1},
        {"op": "test", "path": "/a/0", "value": True},
        {"op": "test", "path": "/a/0", "value": "1"},
        {"op": "move", "from": "/a", "path": "/a/0"},
    ],
)
def test_an_operation_that_does_not_apply_is_422(operation: dict[str, Any]):
    with pytest.raises(FHIRError) as refusal:
        patched({"a": [1]}, operation)
    assert refusal.value.status == 422


@pytest.mark.parametrize(
    "patch",
    [
        {"op": "add"},
        [1],
        [{"op": "increase", "path": "/a"}],
        [{"op": "add", "path": "/a"}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "path": "/a~2", "value": 1}],
        [{"op": "move", "path": "/a"}],
        [{"op": ["add"], "path": "/a"}],
        [{"op": "add", "path": "/a", "value": 1}] * 1001,
    ],
)
def test_a_malformed_patch_is_400(patch: Any):
    with pytest.raises(FHIRError) as refusal:
        apply_json_patch({"a": [1]}, patch)
    assert refusal.value.status == 400


def test_a_list_copied_into_itself_again_and_again_is_refused():
    doubling = [{"op": "copy", "from": "/a", "path": "/a/-"}] * 60
    with pytest.raises(FHIRError) as refusal:
        apply_json_patch({"a": [1]}, doubling)
    assert (refusal.value.status, refusal.value.issues[0].code) == (422, "too-costly")


def test_decimals_keep_their_digits_and_compare_by_worth():
    tree = parse_json(b'{"value":1.50}')
    result = apply_json_patch(
        tree,
        parse_json(b'[{"op":"test","path":"/value","value":1.5},{"op":"copy","from":"/value","path":"/again"}]'),
    )
    assert build_json(result) == b'{"value":1.50,"again":1.50}'


def test_a_copy_shares_nothing_with_its_source():
    result = patched(
        {"a": {"b": 1}},
        {"op": "copy", "from": "/a", "path": "/c"},
        {"op": "add", "path": "/c/b", "value": 2},
    )
    assert result == {"a": {"b": 1}, "c": {"b": 2}}
