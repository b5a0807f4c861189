"""The searches as they look on the wire; what they find is tested with the store."""

from typing import Any

from httpx import AsyncClient

from tests.interactions.test_transaction import observation
from tests.served import PATIENT, created, issue

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def ids(bundle: dict[str, Any], mode: str = "match") -> list[str]:
    """Return the ids of the entries of one mode."""
    return [entry["resource"]["id"] for entry in bundle.get("entry", []) if entry["search"]["mode"] == mode]


def links(bundle: dict[str, Any]) -> dict[str, str]:
    """Return the links of a Bundle by relation."""
    return {link["relation"]: link["url"] for link in bundle["link"]}


async def test_a_searchset_holds_matches_with_their_addresses(client: AsyncClient):
    patient = await created(client)
    bundle = (await client.get("/Patient?family=durand")).json()
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "searchset")
    assert bundle["entry"][0]["fullUrl"] == f"http://test.example/fhir/Patient/{patient['id']}"
    assert bundle["entry"][0]["resource"] == patient
    assert links(bundle) == {"self": "http://test.example/fhir/Patient?family=durand"}


async def test_search_by_post_reads_the_form(client: AsyncClient):
    patient = await created(client)
    response = await client.post("/Patient/_search?birthdate=1950-03-02", content="family=durand", headers=FORM)
    assert ids(response.json()) == [patient["id"]]
    assert links(response.json())["self"].startswith("http://test.example/fhir/Patient?")


async def test_criteria_in_another_shape_than_a_form_are_415(client: AsyncClient):
    for content_type in ("application/json", "application/fhir+json", ""):
        response = await client.post(
            "/Patient/_search", content=b'{"name":"durand"}', headers={"Content-Type": content_type}
        )
        assert response.status_code == 415, content_type


async def test_a_form_of_many_megabytes_is_413(client: AsyncClient):
    response = await client.post("/Patient/_search", data={"name": "x" * 2_000_000})
    assert response.status_code == 413


async def test_pages_follow_their_links_both_ways(client: AsyncClient):
    made = [(await created(client))["id"] for _ in range(5)]
    first = (await client.get("/Patient?_count=2")).json()
    second = (await client.get(links(first)["next"])).json()
    third = (await client.get(links(second)["next"])).json()
    assert ids(first) + ids(second) + ids(third) == made[::-1]
    assert "next" not in links(third)
    assert ids((await client.get(links(second)["previous"])).json()) == ids(first)
    assert ids((await client.get(links(third)["first"])).json()) == ids(first)


async def test_an_unknown_parameter_is_told_and_left_out(client: AsyncClient):
    patient = await created(client)
    bundle = (await client.get("/Patient?family=durand&colour=red")).json()
    assert ids(bundle) == [patient["id"]]
    outcome = bundle["entry"][-1]
    assert outcome["search"]["mode"] == "outcome"
    assert "colour" in outcome["resource"]["issue"][0]["diagnostics"]
    assert "colour" not in links(bundle)["self"]


async def test_under_strict_handling_it_is_refused(client: AsyncClient):
    response = await client.get("/Patient?colour=red&size=2", headers={"Prefer": "handling=strict"})
    assert response.status_code == 400
    assert len(response.json()["issue"]) == 2


async def test_summary_count_is_only_the_total(client: AsyncClient):
    await created(client)
    bundle = (await client.get("/Patient?_summary=count")).json()
    assert bundle["total"] == 1
    assert "entry" not in bundle


async def test_elements_and_summary_are_subsets(client: AsyncClient):
    await created(client, {**PATIENT, "maritalStatus": {"text": "x"}, "text": {"status": "empty", "div": DIV}})
    for query, kept, gone in (
        ("_elements=birthDate", "birthDate", "name"),
        ("_summary=true", "name", "maritalStatus"),
        ("_summary=text", "text", "name"),
        ("_summary=data", "name", "text"),
    ):
        resource = (await client.get(f"/Patient?{query}")).json()["entry"][0]["resource"]
        assert kept in resource and gone not in resource, query
        assert resource["meta"]["tag"][0]["code"] == "SUBSETTED"


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'


async def test_a_compartment_holds_what_is_the_patients(client: AsyncClient):
    anne, other = await created(client), await created(client)
    mine = await created(client, observation(f"Patient/{anne['id']}"))
    await created(client, observation(f"Patient/{other['id']}"))
    assert ids((await client.get(f"/Patient/{anne['id']}/Observation")).json()) == [mine["id"]]
    assert mine["id"] in ids((await client.get(f"/Patient/{anne['id']}/*")).json())
    by_post = await client.post(f"/Patient/{anne['id']}/Observation/_search", content="status=final", headers=FORM)
    assert ids(by_post.json()) == [mine["id"]]


async def test_what_is_no_compartment_is_404(client: AsyncClient):
    assert (await client.get("/Observation/1/Patient")).status_code == 404
    assert (await client.get("/Patient/1/Organization")).status_code == 404


async def test_a_system_search_finds_every_type(client: AsyncClient):
    patient = await created(client)
    heart = await created(client, observation(f"Patient/{patient['id']}"))
    assert set(ids((await client.get("/?_lastUpdated=gt2020")).json())) == {patient["id"], heart["id"]}
    assert ids((await client.get("/?_type=Observation")).json()) == [heart["id"]]


async def test_includes_come_on_top(client: AsyncClient):
    patient = await created(client)
    await created(client, observation(f"Patient/{patient['id']}"))
    bundle = (await client.get("/Observation?_include=Observation:subject")).json()
    assert ids(bundle, "include") == [patient["id"]]


async def test_bad_values_are_400(client: AsyncClient):
    chain = "&".join(f"subject:Patient.organization.partof.partof.name{i}=x" for i in range(100))
    for query in ("_count=-1", "birthdate=hier", "_summary=all", "_sort=colour&_count=a", "_cursor=forged", chain):
        response = await client.get(f"/Patient?{query}")
        assert response.status_code == 400, query
        assert issue(response)["code"]
