"""JSON Merge Patch, RFC 7396: the members to change, null for those to take away."""

from typing import Any

from usager_server.interactions.json_patch import clone


def apply_merge_patch(tree: Any, changes: Any) -> Any:
    """Return the tree with the members of the changes put in the place of its own; an array is replaced whole."""
    if not isinstance(changes, dict):
        return clone(changes)
    merged = dict(tree) if isinstance(tree, dict) else {}
    for name, value in changes.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = apply_merge_patch(merged.get(name), value)
    return merged
