"""What proves that a requirement is met, and what the ledgers lack."""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from tests.house.files import ROOT, python_files
from usager_server.plugins import scenarios, survey
from usager_server.requirements.facts import Fact
from usager_server.requirements.ledger import Requirement

PROSE = re.compile(r"P-[A-Z0-9]+-\d\d")  # behaviours that the référentiel tells without an identifier


@dataclass(frozen=True, slots=True)
class Proofs:
    """The requirement IDs found on functions (`@fulfils`), on tests (`requirement`), and on scenarios."""

    code: Collection[str]
    tests: Collection[str]
    scenarios: Collection[str]


@cache
def proofs() -> Proofs:
    """Return what proves requirements in this repository."""
    everything = survey()
    return Proofs(
        code=frozenset(_named("fulfils", "server", "plugins")),
        tests=frozenset(_named("requirement", "tests")),
        scenarios=frozenset(identifier for it in scenarios(everything) for identifier in it.ids),
    )


def complaints(facts: Mapping[str, Fact], lines: Iterable[Requirement], found: Proofs) -> Iterator[str]:
    """Yield what is wrong: with the ledgers as a whole, with each line, and with what claims to prove one."""
    lines = list(lines)
    counts = Counter(line.id for line in lines)
    yield from (f"{identifier} is in no ledger" for identifier in facts if identifier not in counts)
    yield from (f"{identifier} is in the ledgers {count} times" for identifier, count in counts.items() if count > 1)
    for line in lines:
        if line.id in facts:
            yield from _of_line(facts[line.id], line, found)
        else:
            yield f"{line.id} is unknown to the référentiel"
    for identifier in sorted({*found.code, *found.tests, *found.scenarios}):
        if identifier not in facts and not PROSE.fullmatch(identifier):
            yield f"{identifier} is proven somewhere and unknown to the référentiel"


def _of_line(fact: Fact, line: Requirement, found: Proofs) -> Iterator[str]:
    if (line.status == "retired") != (fact.obligation == "retired"):
        yield f"{line.id} is {line.status} in its ledger and {fact.obligation} in the référentiel"
    if set(line.profiles) != (set(fact.profiles) if len(fact.profiles) > 1 and line.status != "retired" else set()):
        yield f"{line.id} names the profiles {list(line.profiles)}; those that share it are {list(fact.profiles)}"
    if line.status == "done":
        yield from _of_done(line, found)
    yield from (f"{line.id} ships {path}, which is not there" for path in line.ships if not (ROOT / path).exists())


def _of_done(line: Requirement, found: Proofs) -> Iterator[str]:
    if line.where and not any(ROOT.glob(f"**/{line.where}")):
        yield f"{line.id} is met by {line.where}, which is not there"
    if not line.where and line.id not in found.code:
        yield f"{line.id} is done, and no function is marked @fulfils({line.id!r})"
    if line.id not in found.tests:
        yield f"{line.id} is done, and no test is marked requirement({line.id!r})"
    if line.id not in found.scenarios:
        yield f"{line.id} is done, and no scenario proves it"


def _named(mark: str, *folders: str) -> Iterator[str]:
    """Yield the texts given to calls of this name: `@fulfils("...")`, `pytest.mark.requirement("...")`."""
    for path in python_files(*folders):
        text = path.read_text(encoding="utf-8")
        if f"{mark}(" in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] == mark:
                    yield from (it.value for it in node.args if isinstance(it, ast.Constant))
