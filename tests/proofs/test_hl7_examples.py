"""The HL7 R4 examples: each valid one created, read back the same, found by its parameters, the same through XML.

A sample of every type by default; all 5,305 with USAGER_TEST_FULL=1 (the counts are in docs/conformance-suites.md).
"""

import tomllib
from pathlib import Path

import aiohttp
import pytest

from tests.live import LiveServer
from tests.proofs.corpus import FULL, Example, examples, sample
from tests.proofs.round_trips import Traveller, Verdict
from tests.search.queries_for import queries_by_example

pytestmark = [pytest.mark.timeout(3600 if FULL else 300)]

# name of the file -> why it is not valid R4, as the specification has it
REFUSED: dict[str, str] = tomllib.loads(Path(__file__).with_name("hl7_refused.toml").read_text())


@pytest.fixture(scope="module")
def chosen() -> list[Example]:
    return sample(examples())


@pytest.fixture(scope="module")
async def verdicts(server: LiveServer, http: aiohttp.ClientSession, chosen: list[Example]) -> list[Verdict]:
    found = await Traveller(http, server.base).all(chosen, queries_by_example(chosen))
    kept = [verdict for verdict in found if not verdict.refused]
    print(f"\n{len(found)} examples, {len(kept)} kept, {sum(v.searches for v in kept)} searches")
    return found


def test_the_examples_cover_every_type_that_has_one(chosen: list[Example]) -> None:
    assert len({example.type for example in chosen}) == 140


def test_only_the_invalid_examples_are_refused(verdicts: list[Verdict]) -> None:
    refused = {verdict.example.name: verdict.refused for verdict in verdicts if verdict.refused}
    expected = {verdict.example.name for verdict in verdicts} & set(REFUSED)
    assert refused.keys() == expected, {name: refused.get(name) for name in refused.keys() ^ expected}


def test_an_example_reads_back_the_same_in_content(verdicts: list[Verdict]) -> None:
    assert [f"{v.example.name}: {v.changed}" for v in verdicts if v.changed] == []


def test_an_example_survives_the_way_through_xml(verdicts: list[Verdict]) -> None:
    assert [f"{v.example.name}: {v.xml_changed}" for v in verdicts if v.xml_changed] == []


def test_an_example_is_found_by_each_of_its_search_parameters(verdicts: list[Verdict]) -> None:
    assert [lost for verdict in verdicts for lost in verdict.lost] == []
