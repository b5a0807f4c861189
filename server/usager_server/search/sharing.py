"""Which parameters are answered by the index rows of others, so that nothing is indexed twice."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from usager_server.fhirpath.ast import Expression
from usager_server.search.parameter import Parameter
from usager_server.search.paths import Branch, Child, Equals, Step
from usager_server.search.writers import PARTS


@dataclass(slots=True)
class Draft:
    """A parameter on its way: its branches, and those of its components.

    Shape   elsewhere: by the way to a name or address, its parts that another parameter writes.
    """

    parameter: Parameter
    expression: Expression
    found: Sequence[Branch] = ()
    components: Sequence[Sequence[Branch]] = ()
    simple: bool = True
    elsewhere: dict[tuple[Step, ...], set[str]] = field(default_factory=dict)

    @property
    def signature(self) -> frozenset[Any]:
        """What it reads, comparable with what others read."""
        return frozenset((branch, *map(tuple, self.components)) for branch in self.found)

    @property
    def is_alone(self) -> bool:
        """Whether its own rows, and no others, answer it."""
        return tuple(self.parameter.answered_by) == (self.parameter.name,)


def share(drafts: Sequence[Draft]) -> None:
    """Say by whose rows each parameter is answered."""
    _unite(drafts)
    _restrict(drafts)
    _divide(drafts)


def _unite(drafts: Sequence[Draft]) -> None:
    """Let a parameter that reads exactly what others read together (combo-code) be answered by their rows."""
    owners: list[Draft] = []
    for draft in sorted(drafts, key=lambda one: (len(one.found), one.parameter.name)):
        mine, cover = draft.signature, _cover(draft, owners)
        if mine and cover:
            draft.parameter = replace(draft.parameter, answered_by=tuple(cover))
        else:
            owners.append(draft)


def _cover(draft: Draft, owners: Sequence[Draft]) -> Sequence[str]:
    mine, covered, names = draft.signature, frozenset[Any](), []
    for owner in sorted(owners, key=lambda one: -len(one.found)):
        theirs = owner.signature
        if owner.parameter.type == draft.parameter.type and theirs and theirs <= mine and theirs - covered:
            covered |= theirs
            names.append(owner.parameter.name)
    return names if covered == mine else ()


def _restrict(drafts: Sequence[Draft]) -> None:
    """Let the contacts of one system (phone) be answered by the rows of all contacts (telecom)."""
    contacts = {frozenset(d.found): d for d in drafts if d.is_alone and {b.type for b in d.found} == {"ContactPoint"}}
    needed = {name for draft in drafts if not draft.is_alone for name in draft.parameter.answered_by}
    for draft in contacts.values():
        last = {branch.steps[-1] for branch in draft.found}
        whole = contacts.get(frozenset(replace(branch, steps=_steps_up(branch)) for branch in draft.found))
        match list(last):
            case [Equals("system", str(system))] if whole and draft.parameter.name not in needed:
                name = whole.parameter.name
                draft.parameter = replace(draft.parameter, answered_by=(name,), within=system)


def _divide(drafts: Sequence[Draft]) -> None:
    """Let a name or address be answered by the rows of its parts (family, given, address-city) besides its own."""
    texts = [draft for draft in drafts if draft.is_alone and draft.parameter.type == "string"]
    answers: dict[str, tuple[str, ...]] = {}
    for draft in texts:
        wholes = [branch for branch in draft.found if branch.type in PARTS]
        for part in (one for one in texts if wholes and _are_parts(one, wholes)):
            for branch in part.found:
                draft.elsewhere.setdefault(_steps_up(branch), set()).add(_last_key(branch))
            name = draft.parameter.name
            answers[name] = (*answers.get(name, (name,)), part.parameter.name)
    for draft in drafts:
        draft.parameter = replace(draft.parameter, answered_by=tuple(_all_of(draft.parameter, answers)))


def _all_of(parameter: Parameter, answers: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name in parameter.answered_by:
        yield from answers.get(name, (name,))


def _are_parts(draft: Draft, wholes: Sequence[Branch]) -> bool:
    """Tell whether every value of a parameter is a part of one of these names or addresses."""
    parts = {(whole.steps, part) for whole in wholes for part in PARTS[whole.type]}
    return bool(draft.found) and all((_steps_up(one), _last_key(one)) in parts for one in draft.found)


def _steps_up(branch: Branch) -> tuple[Step, ...]:
    return branch.steps[:-1]


def _last_key(branch: Branch) -> str:
    last = branch.steps[-1] if branch.steps else None
    return last.key if isinstance(last, Child) else ""
