"""References of a resource turned from one record to another."""

from copy import deepcopy
from typing import Any

from usager_server.jsontext import build_json


def repointed(tree: Any, old: str, new: str) -> int:
    """Turn every reference to `old` ("Patient/1") into one to `new`, in place, and return how many there were.

    Shape   a reference to a version stays: that version was the record's that was.
    """
    if isinstance(tree, list):
        return sum(repointed(each, old, new) for each in tree)
    if not isinstance(tree, dict):
        return 0
    found = sum(repointed(each, old, new) for each in tree.values())
    if tree.get("reference") == old:
        tree["reference"] = new
        found += 1
    return found


def refers_to(tree: Any, reference: str) -> bool:
    """Say whether a resource refers to a record, whichever version."""
    if isinstance(tree, list):
        return any(refers_to(each, reference) for each in tree)
    if not isinstance(tree, dict):
        return False
    return tree.get("reference") == reference or any(refers_to(each, reference) for each in tree.values())


def is_turned(before: Any, then: Any, old: str, new: str) -> bool:
    """Say whether a version differs from the one before by its references to one record turned to another alone."""
    made = deepcopy(before)
    return repointed(made, old, new) > 0 and build_json({**made, "meta": 0}) == build_json({**then, "meta": 0})
