"""The AGGIR calculation of the profile PA."""

import httpx
import pytest

from tests.whole import FHIR_JSON, statement_of, values
from usager_pa.aggir import autonomy, table, variables

ADDRESS = "/fhir/QuestionnaireResponse/$aggir"


def grades(**changed: str) -> dict[str, str]:
    """Return eight grades, all A but for those given."""
    return dict.fromkeys(variables(), "A") | changed


def test_someone_who_does_everything_alone_is_gir_6():
    assert autonomy(grades()).gir == 6


def test_someone_who_does_nothing_alone_is_gir_1():
    assert autonomy(dict.fromkeys(variables(), "C")).gir == 1


@pytest.mark.parametrize(
    ("changed", "rank", "gir"),
    [
        ({"transferts": "B"}, 12, 5),
        ({"toilette": "C"}, 12, 5),
        ({"toilette": "B", "habillage": "B"}, 11, 4),
        ({"toilette": "C", "habillage": "C"}, 9, 3),
        ({"coherence": "C", "orientation": "C", "toilette": "C"}, 4, 2),
        ({"alimentation": "C", "transferts": "C"}, 7, 2),
    ],
)
def test_each_group_of_weights_gives_its_rank(changed, rank, gir):
    found = autonomy(grades(**changed))
    assert (found.rank, found.gir) == (rank, gir)


def test_every_rank_belongs_to_a_gir():
    ranks = {rank for group in table()["group"] for _, rank in group["thresholds"]} | {table()["last_rank"]}
    assert {int(rank) for rank in table()["gir"]} == ranks


async def test_the_operation_answers_by_get(client: httpx.AsyncClient):
    answer = await client.get(ADDRESS, params=grades(toilette="B", habillage="B"))
    assert values(answer.json())["gir"] == 4


async def test_the_operation_answers_by_post(client: httpx.AsyncClient):
    parts = [{"name": name, "valueCode": "C"} for name in variables()]
    answer = await client.post(ADDRESS, json={"resourceType": "Parameters", "parameter": parts}, headers=FHIR_JSON)
    assert values(answer.json()) == {"gir": 1, "rank": 1, "version": "1"}


async def test_a_missing_grade_is_named(client: httpx.AsyncClient):
    answer = await client.get(ADDRESS, params={"coherence": "A"})
    assert answer.status_code == 400
    assert "orientation is missing" in answer.text


async def test_an_unknown_grade_is_refused(client: httpx.AsyncClient):
    answer = await client.get(ADDRESS, params=grades(coherence="D"))
    assert answer.status_code == 400
    assert "A or B or C" in answer.text


async def test_it_is_advertised_where_the_profile_is_on(client: httpx.AsyncClient):
    assert "aggir" in {it["name"] for it in (await statement_of(client, "QuestionnaireResponse"))["operation"]}


async def test_it_is_absent_where_the_profile_is_off(bare_client: httpx.AsyncClient):
    assert (await bare_client.get(ADDRESS, params=grades())).status_code == 404
    assert "aggir" not in {it["name"] for it in (await statement_of(bare_client, "QuestionnaireResponse"))["operation"]}
