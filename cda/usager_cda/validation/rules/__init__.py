"""Our own rules: what the national schemas and schematrons do not see. A file per subject, a function per rule."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from usager_cda.validation.report import Remark
from usager_cda.validation.rules import codes, content, dates, identity, narrative, references
from usager_cda.validation.subject import Subject

Rule = Callable[[Subject], Iterable[Remark]]

ROOMS: Sequence[Mapping[str, Rule]] = (
    identity.RULES,
    dates.RULES,
    references.RULES,
    narrative.RULES,
    content.RULES,
    codes.RULES,
)


def check(subject: Subject) -> list[Remark]:
    """Return what our own rules find, in their order. Time: under 5 ms for a document of 800 elements."""
    return [remark for room in ROOMS for rule in dict.fromkeys(room.values()) for remark in rule(subject)]
