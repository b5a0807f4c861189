"""Reads the XML of INSi: bounded, without document type; elements by their qualified name, in whatever order."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from usager_server.errors import ServiceRefused
from usager_server.national.insi.names import tag

ANSWER_LIMIT_BYTES = 4 * 1024 * 1024
CHILDREN_LIMIT = 2000
TEXT_LIMIT = 200


def tree_of(content: bytes) -> Any:
    """Return the root of an answer. Errors: ServiceRefused when it is not XML, or has a document type."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root: Any = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise ServiceRefused("the answer is not well-formed XML") from error
    if root.getroottree().docinfo.doctype:
        raise ServiceRefused("the answer has a document type")
    return root


def children(parent: Any, namespace: str, name: str) -> Iterator[Any]:
    """Yield the children of this name. Errors: ServiceRefused when there are more than CHILDREN_LIMIT."""
    for count, child in enumerate(parent.iterchildren(tag(namespace, name))):
        if count == CHILDREN_LIMIT:
            raise ServiceRefused(f"the answer has more than {CHILDREN_LIMIT} elements {name}")
        yield child


def child(parent: Any, namespace: str, name: str) -> Any:
    """Return the one child of this name. Errors: ServiceRefused when there is none, or several."""
    found = optional_child(parent, namespace, name)
    if found is None:
        raise ServiceRefused(f"the answer has no {name} where one is due")
    return found


def optional_child(parent: Any, namespace: str, name: str) -> Any | None:
    """Return the one child of this name, or None. Errors: ServiceRefused when there are several."""
    found = list(children(parent, namespace, name))
    if len(found) > 1:
        raise ServiceRefused(f"the answer has several {name} where one is due")
    return found[0] if found else None


def text_of(parent: Any, namespace: str, name: str, shape: re.Pattern[str], *, least: int = 1) -> str:
    """Return the text of a child, "" when it may be missing (least=0) and is.

    Errors  ServiceRefused when it is missing, too long, or of another shape; the text is not in the message, since it
            may be part of an identity.
    """
    found = optional_child(parent, namespace, name)
    text = "" if found is None else (found.text or "").strip()
    if not text and least == 0:
        return ""
    if len(text) > TEXT_LIMIT or len(found if found is not None else ()) or not shape.fullmatch(text):
        raise ServiceRefused(f"the answer has no {name} of the shape that is due")
    return text
