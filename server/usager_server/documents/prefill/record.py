"""What was read of a record for one document, and which of it holds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from usager_server.documents.prefill.models import tokens_of
from usager_server.documents.prefill.outline import Fill, Tree
from usager_server.documents.prefill.setting import reference_to
from usager_server.documents.prefill.statements import is_valid


@dataclass(frozen=True, slots=True)
class Record:
    """What was read.

    Shape   matches by search, as found; cut are the searches that had more, withheld those that the caller may not do.
            at_hand: the resources that matches refer to, by reference. looked_up: what the searches outside the record
            found.
    """

    matches: Mapping[Fill, Sequence[Tree]]
    cut: frozenset[Fill] = frozenset()
    withheld: frozenset[Fill] = frozenset()
    at_hand: Mapping[str, Tree] = field(default_factory=dict)
    looked_up: Sequence[Tree] = ()

    def holding(self, fill: Fill) -> list[Tree]:
        """Return the matches of a search that hold, at most `fill.most`: the latest of each code, if it asks so."""
        return self._holding(fill)[: fill.most]

    def is_cut(self, fill: Fill) -> bool:
        """Say whether there is more that holds than a section lists."""
        return fill in self.cut or len(self._holding(fill)) > fill.most

    def _holding(self, fill: Fill) -> list[Tree]:
        valid = (each for each in self.matches.get(fill, ()) if is_valid(each) and fill.keeps(each))
        return list(_one_of_each(valid, fill)) if fill.one_of_each else list(valid)

    def find(self, reference: str | None) -> Tree | None:
        """Return a resource that another refers to."""
        return self.at_hand.get(reference or "")


def _one_of_each(resources: Iterable[Tree], fill: Fill) -> Iterator[Tree]:
    """Yield the latest of each code; a panel is one for each of its components."""
    ordered = sorted(resources, key=lambda each: when_of(each) or "", reverse=True)
    seen: set[str] = set()
    for resource in ordered:
        keys = set(codes_told(resource, fill))
        if keys - seen:
            seen |= keys
            yield resource


def codes_told(resource: Tree, fill: Fill) -> list[str]:
    """Return the codes a match tells something of, as tokens: its own, or of a panel those of its components."""
    own = token_of(resource)
    if own not in fill.panels or fill.codes is None:
        return [own]
    known = tokens_of(fill.codes)
    return [token for component in resource.get("component", ()) if (token := token_of(component)) in known]


def token_of(resource: Tree) -> str:
    """Return the first code of a resource as a search token; its text when nothing codes it."""
    code = resource.get("code") or {}
    coding: Tree = next(iter(code.get("coding", ())), {})
    return f"{coding.get('system', '')}|{coding['code']}" if coding.get("code") else str(code.get("text"))


def when_of(resource: Tree) -> str | None:
    """Return the date of a statement: when it was true, else when it was written down."""
    for name in ("effectiveDateTime", "effectiveInstant", "issued", "occurrenceDateTime", "performedDateTime"):
        if resource.get(name):
            return str(resource[name])
    periods = (resource.get(name) or {} for name in ("effectivePeriod", "performedPeriod", "period"))
    ends = (each.get("end") or each.get("start") for each in periods)
    return next((str(each) for each in ends if each), None)


def by_reference(resources: Iterable[Tree]) -> dict[str, Tree]:
    """Return stored resources by their relative reference."""
    return {reference_to(each): each for each in resources}
