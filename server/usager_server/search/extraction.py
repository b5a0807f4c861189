"""From a resource to its index rows: the search parameters of a type, compiled once."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from usager_server.definitions import Definitions, SearchParameter
from usager_server.fhirpath.ast import Expression
from usager_server.fhirpath.parser import parse
from usager_server.search.composites import collector, component_type, composite_writer
from usager_server.search.hashing import PRESENT, parameter_hash, token_base
from usager_server.search.names import LATITUDE, LONGITUDE
from usager_server.search.numbers import decimal_of
from usager_server.search.parameter import Component, Parameter
from usager_server.search.paths import Branch, Child, NotAPathError, branches
from usager_server.search.range_writers import date_writer, number_writer, quantity_writer
from usager_server.search.references import reference_writer
from usager_server.search.rows import Rows, Writer
from usager_server.search.sharing import Draft, share
from usager_server.search.truths import truth
from usager_server.search.walking import root_walker
from usager_server.search.writers import string_writer, token_writer, uri_writer

ON_THE_RESOURCE = frozenset({"_id", "_lastUpdated"})
"""Parameters that are columns of the resource itself and leave no index row."""

Evaluate = Callable[[dict[str, Any]], Sequence[tuple[str, Any]]]
"""Takes a resource and returns what an expression yields: FHIR types and values."""

Evaluators = Callable[[str, str], Evaluate]
"""Takes an expression and a resource type: the full FHIRPath evaluator, for what is neither path nor truth."""


@dataclass(slots=True)
class TypeIndex:
    """The parameters of one resource type, and the writers of their rows by the key of the resource they start at.

    Time    keys without parameters, and parameters without keys, cost nothing.
    """

    parameters: dict[str, Parameter] = field(default_factory=dict)
    by_key: dict[str, list[Writer]] = field(default_factory=lambda: defaultdict(list))
    whole: list[Writer] = field(default_factory=list)

    def write(self, resource: dict[str, Any], rows: Rows) -> None:
        """Put the rows of a resource into rows."""
        writers = self.by_key
        for key, value in resource.items():
            if key in writers and value is not None:
                for write in writers[key]:
                    write(value, rows)
        for write in self.whole:
            write(resource, rows)


def compile_type(
    definitions: Definitions,
    resource_type: str,
    published: Sequence[SearchParameter],
    declared: Mapping[str, str],
    base_url: str | None,
    evaluators: Evaluators,
) -> TypeIndex:
    """Return the parameters of a type, ready to read resources.

    Shape   declared: the search type of each published parameter, by url (components name them).
    """
    drafts = [_draft(definitions, resource_type, one, declared) for one in published]
    share([draft for draft in drafts if draft.simple])
    index = TypeIndex()
    for draft in drafts:
        if draft.parameter.name in draft.parameter.answered_by:
            _add_writers(index, draft, definitions, base_url, evaluators)
        index.parameters[draft.parameter.name] = draft.parameter
    return index


def _draft(
    definitions: Definitions, resource_type: str, published: SearchParameter, declared: Mapping[str, str]
) -> Draft:
    parameter = Parameter(
        published.code,
        published.type,
        resource_type,
        published.expression,
        published.url,
        published.description,
        tuple(published.targets),
        answered_by=(published.code,),
    )
    draft = Draft(parameter, _parsed(published.expression))
    try:
        draft.found = branches(definitions, draft.expression, resource_type)
        _describe(draft, definitions, published, declared)
    except NotAPathError:
        draft.simple = False
    return draft


@lru_cache(maxsize=4096)
def _parsed(expression: str) -> Expression:
    """Read an expression once: those that stand in many types are long, and parse() remembers short ones only."""
    return parse(expression)


def _describe(draft: Draft, definitions: Definitions, published: SearchParameter, declared: Mapping[str, str]) -> None:
    draft.components = [_component_branches(definitions, draft, text) for _, text in published.components]
    components = tuple(
        Component(component_type(declared.get(url, "token"), leaves := frozenset(b.type for b in found)), text, leaves)
        for (url, text), found in zip(published.components, draft.components, strict=True)
    )
    bound = _bound_codes(definitions, draft.found)
    draft.parameter = replace(
        draft.parameter,
        components=components,
        leaves=frozenset(branch.type for branch in draft.found),
        required=any(_is_required(branch) for branch in draft.found),
        single=_is_single(draft.found),
        systems=frozenset(bound),
        codes=frozenset(code for codes in bound.values() for code in codes),
        paths=_paths(draft.found),
    )


def _component_branches(definitions: Definitions, draft: Draft, text: str) -> Sequence[Branch]:
    expression = parse(text)
    focuses = dict.fromkeys(branch.type for branch in draft.found)
    found = [branch for focus in focuses for branch in branches(definitions, expression, focus)]
    return list(dict.fromkeys(found))


def _is_required(branch: Branch) -> bool:
    return bool(branch.steps) and all(isinstance(step, Child) and step.required for step in branch.steps)


def _is_single(found: Sequence[Branch]) -> bool:
    steps = [step for branch in found for step in branch.steps]
    elements = {tuple(step.element for step in branch.steps if isinstance(step, Child)) for branch in found}
    return len(elements) == 1 and not any(isinstance(step, Child) and step.many for step in steps)


def _bound_codes(definitions: Definitions, found: Sequence[Branch]) -> Mapping[str, Iterable[str]]:
    """Return the codes, by system, of the value sets that bind the codes at the end of these branches."""
    bindings = {step.binding for b in found if b.steps and isinstance(step := b.steps[-1], Child) and b.type == "code"}
    return {system: codes for url in bindings if url for system, codes in definitions.value_sets.get(url, {}).items()}


_TEXT_OF: Mapping[str, str] = {
    "CodeableConcept": ".coding.code",
    "Coding": ".code",
    "Identifier": ".value",
    "ContactPoint": ".value",
    "Reference": ".reference",
}


def _paths(found: Sequence[Branch]) -> Sequence[str]:
    paths = [branch.json_path for branch in found]
    if not all(paths):
        return ()
    return tuple(f"{path}{_TEXT_OF.get(branch.type, '')}" for path, branch in zip(paths, found, strict=True))


def _add_writers(
    index: TypeIndex, draft: Draft, definitions: Definitions, base_url: str | None, evaluators: Evaluators
) -> None:
    if draft.parameter.name in ON_THE_RESOURCE:
        return
    if not draft.simple:
        index.whole.append(_computed(draft, definitions, base_url, evaluators))
        return
    for branch in draft.found:
        write = _writer(draft, branch.type, base_url, draft.elsewhere.get(branch.steps, ()))
        if write is not None:
            _place(index, branch, write, base_url)


def _place(index: TypeIndex, branch: Branch, write: Writer, base_url: str | None) -> None:
    if not branch.steps:
        index.whole.append(write)
        return
    key, walk = root_walker(branch, write, base_url)
    index.by_key[key].append(walk)


def _writer(draft: Draft, leaf: str, base_url: str | None, elsewhere: Collection[str] = ()) -> Writer | None:
    parameter = draft.parameter
    resource_type, name = parameter.resource_type, parameter.name
    match parameter.type:
        case "token":
            write = token_writer(resource_type, name, leaf)
            return write if write is None or parameter.required else _present(resource_type, name, write)
        case "reference":
            return reference_writer(resource_type, name, leaf, base_url)
        case "composite":
            collectors = [collector(found, base_url) for found in draft.components]
            return composite_writer(resource_type, name, parameter.components, collectors, base_url)
        case "special":
            return _position(resource_type, name)
        case "string":
            return string_writer(resource_type, name, leaf, elsewhere)
    return _PLAIN[parameter.type](resource_type, name, leaf)


_PLAIN: Mapping[str, Callable[[str, str, str], Writer | None]] = {
    "uri": uri_writer,
    "date": date_writer,
    "number": number_writer,
    "quantity": quantity_writer,
}


def _present(resource_type: str, name: str, write: Writer) -> Writer:
    mark = token_base(resource_type, name) | PRESENT

    def write_present(value: Any, rows: Rows) -> None:
        before = len(rows.tokens)
        write(value, rows)
        if len(rows.tokens) == before:
            rows.tokens.append(mark)

    return write_present


def _position(resource_type: str, name: str) -> Writer:
    """Write a Location.position for `near`."""
    latitude, longitude = (parameter_hash(resource_type, name + part) for part in (LATITUDE, LONGITUDE))

    def write(value: dict[str, Any], rows: Rows) -> None:
        for parameter, key in ((latitude, "latitude"), (longitude, "longitude")):
            if (degrees := decimal_of(value.get(key))) is not None:
                rows.numbers.append((parameter, float(degrees), float(degrees)))

    return write


def _computed(draft: Draft, definitions: Definitions, base_url: str | None, evaluators: Evaluators) -> Writer:
    parameter = draft.parameter
    try:
        answer = truth(definitions, draft.expression, parameter.resource_type)
    except NotAPathError:
        return _evaluated(draft, evaluators(parameter.expression, parameter.resource_type), base_url)
    draft.parameter = replace(parameter, leaves=frozenset({"boolean"}))
    write = _writer(draft, "boolean", base_url)

    def write_truth(resource: dict[str, Any], rows: Rows) -> None:
        if write is not None and (found := answer(resource)) is not None:
            write(found, rows)

    return write_truth


def _evaluated(draft: Draft, evaluate: Evaluate, base_url: str | None) -> Writer:
    writers: dict[str, Writer | None] = {}

    def write_evaluated(resource: dict[str, Any], rows: Rows) -> None:
        for leaf, value in evaluate(resource):
            if leaf not in writers:
                writers[leaf] = _writer(draft, leaf, base_url)
            if (write := writers[leaf]) is not None:
                write(value, rows)

    return write_evaluated
