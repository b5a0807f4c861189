"""What refers to a resource, whatever its type and by whatever reference that can be searched by."""

from collections.abc import Sequence

from usager_server.repository.running import Runner, under_tenant
from usager_server.repository.search_clauses import Clauses, resource_at
from usager_server.repository.search_pages import Statement
from usager_server.search.hashing import reference_hash
from usager_server.search.lookups import References
from usager_server.search.meaning import Meaning
from usager_server.search.parameters import SearchRegistry

Key = tuple[str, str]
"""A resource type, and an id."""


async def referring(
    runner: Runner, registry: SearchRegistry, reference: str, without: Sequence[str], count: int
) -> list[Key]:
    """Return up to `count` resources that refer to this one ("Type/id"), but those of some types.

    Time    one probe for each reference parameter of R4, some hundreds; then as many as there are resources.
    """
    numbers, meaning = registry.definitions.type_numbers, Meaning(registry, runner.tenant, 0)
    target = reference_hash(runner.tenant, reference)
    legs = [
        (number, parameter, target)
        for kind, number in numbers.items()
        if kind not in without
        for parameter in meaning.reference_parameters(kind, "*")
    ]
    names = {number: kind for kind, number in numbers.items()}
    text, arguments = referring_statement(References(tuple(legs)), count)
    return [(names[number], key) for number, key in await runner.rows(text, *arguments)]


def referring_statement(lookup: References, count: int) -> Statement:
    """Return the statement that names what a lookup finds, each once: type and id."""
    clauses = Clauses()
    found = f"SELECT DISTINCT k.type, k.row FROM ({clauses.rows(lookup)}) AS k OFFSET 0"
    at = resource_at("r.type, r.id, r.row", "f.type", "f.row")
    text = f"SELECT m.type, m.id FROM ({found}) AS f, LATERAL ({at}) AS m LIMIT {clauses.bind(count, 'int')}"
    return under_tenant(text), clauses.arguments
