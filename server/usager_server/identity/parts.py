"""Extensions of a tree: read, and written on a copy."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

Tree = dict[str, Any]


def extension_of(holder: Mapping[str, Any] | None, url: str) -> Tree | None:
    """Return the first extension of that URL, None without one."""
    for each in holder.get("extension", ()) if holder else ():
        if each.get("url") == url:
            return cast(Tree, each)
    return None


def value_of(holder: Mapping[str, Any] | None, url: str, kind: str) -> Any:
    """Return the value of the first extension of that URL if it is of that kind ("valueCode"), else None."""
    found = extension_of(holder, url)
    return None if found is None else found.get(kind)


def with_extension(holder: Mapping[str, Any] | None, url: str, content: Mapping[str, Any] | None) -> Tree:
    """Return an element whose only extension of that URL is this one; none with None. The others keep their places."""
    made: Tree = dict(holder or {})
    extensions: list[Tree] = []
    written = content is None
    for each in made.get("extension", ()):
        if each.get("url") != url:
            extensions.append(each)
        elif content is not None and not written:
            extensions.append({"url": url, **content})
            written = True
    if content is not None and not written:
        extensions.append({"url": url, **content})
    return with_list(made, "extension", extensions)


def with_list(holder: Tree, name: str, items: Sequence[Any]) -> Tree:
    """Return an element that has these items under a name, and nothing there when there are none."""
    made = {key: value for key, value in holder.items() if key != name or items}
    return made | {name: list(items)} if items else made
