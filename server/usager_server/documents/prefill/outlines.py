"""Every outline, found by looking into `documents/outlines/`: a new one is a new file, nothing else."""

import pkgutil
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module

from usager_server.documents import outlines as room
from usager_server.documents.prefill.outline import Outline
from usager_server.errors import Invalid

PLACE = "Parameters.parameter.where(name = 'type')"


@cache
def all_outlines() -> Sequence[Outline]:
    """Return the outlines. Errors: ValueError when two have one name."""
    found = list(_declared())
    if len({each.name for each in found}) != len(found):
        raise ValueError("Two outlines have one name")
    return found


def _declared() -> Iterator[Outline]:
    for name in sorted(each.name for each in pkgutil.iter_modules(room.__path__)):
        module = import_module(f"{room.__name__}.{name}")
        yield from getattr(module, "OUTLINES", ())
        single = getattr(module, "OUTLINE", None)
        if single is not None:
            yield single


def outline_for(text: str) -> tuple[Outline, str]:
    """Return the outline that a name or a type code asks for, and the code. Errors: Invalid (400)."""
    code = text.rpartition("|")[2]
    for outline in all_outlines():
        if text == outline.name:
            return outline, outline.code
        if code in (outline.code, *outline.others):
            return outline, code
    known = ", ".join(f"{each.name} ({each.code})" for each in all_outlines())
    raise Invalid(f"{text[:80]!r} is no type of document that is prefilled; known: {known}", PLACE, code="not-found")
