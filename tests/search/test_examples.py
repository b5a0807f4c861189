"""The HL7 examples are found by each of their search parameters."""

from tests.proofs.corpus import examples, sample
from tests.search.conftest import ids, search, store_all
from tests.search.queries_for import queries_for
from usager_server.jsontext import parse_json
from usager_server.repository.postgres import PostgresRepository
from usager_server.search.parameters import SearchRegistry

COUNT = 150


async def test_every_example_is_found_by_each_of_its_parameters(
    repository: PostgresRepository, search_registry: SearchRegistry
) -> None:
    resources = [parse_json(one.text.encode()) for one in sample(examples(), COUNT)]
    resources = list({(one["resourceType"], one["id"]): one for one in resources}.values())
    await store_all(repository, search_registry, resources)
    lost, asked = [], 0
    for resource in resources:
        for query, _ in queries_for(resource):
            asked += 1
            address = f"{resource['resourceType']}?{query}&_id={resource['id']}"
            if resource["id"] not in ids(await search(repository, search_registry, address)):
                lost.append(address)
    assert asked > 800
    assert lost == []
