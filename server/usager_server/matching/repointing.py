"""References of a resource turned from one record to another."""

from typing import Any


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
