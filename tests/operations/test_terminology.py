"""$lookup, $validate-code and $expand, through HTTP."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.served import FHIR_JSON, created, issue, make_client, make_house
from tests.terminology.test_code_system import URL, animals
from usager_server.documents.terminology import VACCINES, terminology_resources
from usager_server.interactions.session import House
from usager_server.operations.expand import expand
from usager_server.operations.lookup import lookup
from usager_server.operations.validate_code import code_system_validate_code, value_set_validate_code
from usager_server.repository.postgres import PostgresStore

VACCINES_OF_A_TENANT = Path(__file__).parents[2] / "docs" / "examples" / "vaccins.json"
CIS = "https://smt.esante.gouv.fr/terminologie-bdpm"
ATC = "http://www.whocc.no/atc"
OPERATIONS = (lookup, expand, code_system_validate_code, value_set_validate_code)
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"
GENDERS = "http://hl7.org/fhir/administrative-gender"
SECTOR = "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite"
FACILITY = (
    "https://mos.esante.gouv.fr/NOS/JDV_J02-XdsHealthcareFacilityTypeCode-CISIS/FHIR/"
    "JDV-J02-XdsHealthcareFacilityTypeCode-CISIS"
)


def medicines() -> dict[str, Any]:
    """Return the vaccines of a tenant, as the page about terminology shows them."""
    resource: dict[str, Any] = json.loads(VACCINES_OF_A_TENANT.read_text("utf-8"))
    return resource


@pytest.fixture
async def client(shared_store: PostgresStore, house: House, tenant: int) -> AsyncIterator[AsyncClient]:
    """A client of a house with these operations and the lists of the documents."""
    resources = list(terminology_resources())
    served = make_house(shared_store, house.registry, house.validator, OPERATIONS, resources)
    async with make_client(served, tenant) as client:
        yield client


async def get(client: AsyncClient, address: str, **parameters: Any) -> Response:
    """Call an operation with its parameters in the address."""
    return await client.get(address, params={name.replace("_", "-"): value for name, value in parameters.items()})


def named(response: Response, name: str) -> Any:
    """Return the value of an output parameter, None when it is not there."""
    assert response.status_code == 200, response.text
    for part in response.json()["parameter"]:
        if part["name"] == name:
            return next(value for key, value in part.items() if key != "name")
    return None


def codes(response: Response) -> list[str]:
    """Return the codes of an expansion, in order."""
    assert response.status_code == 200, response.text
    return [each["code"] for each in response.json()["expansion"].get("contains", [])]


def parameters(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return Parameters."""
    return {"resourceType": "Parameters", "parameter": list(parts)}


def value_set(*include: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a ValueSet of the animals."""
    return {
        "resourceType": "ValueSet",
        "status": "active",
        "url": "urn:example:some-animals",
        "compose": {"include": list(include)},
        **more,
    }


async def test_a_code_of_r4_is_looked_up(client: AsyncClient):
    response = await get(client, "/CodeSystem/$lookup", system=GENDERS, code="female")
    assert [named(response, name) for name in ("name", "version", "display")] == [
        "AdministrativeGender",
        "4.0.1",
        "Female",
    ]


async def test_a_looked_up_code_is_named_in_french(client: AsyncClient):
    system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    response = await get(client, "/CodeSystem/$lookup", system=system, code="AMB", displayLanguage="fr")
    assert named(response, "display") == "Ambulatoire (hors établissement)"


async def test_only_the_properties_asked_for_come(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    response = await get(client, "/CodeSystem/$lookup", system=URL, code="bird", property="child")
    values = [part["part"] for part in response.json()["parameter"] if part["name"] == "property"]
    assert [[each.get("valueCode") for each in value] for value in values] == [["child", "duck"], ["child", "dodo"]]


async def test_a_lookup_by_coding_is_the_same(client: AsyncClient):
    body = parameters({"name": "coding", "valueCoding": {"system": GENDERS, "code": "male"}})
    response = await client.post("/CodeSystem/$lookup", json=body, headers=FHIR_JSON)
    assert named(response, "display") == "Male"


async def test_a_code_that_ended_is_looked_up_on_a_day_of_its_time(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    then = await get(client, "/CodeSystem/$lookup", system=URL, code="dodo", date="1650")
    now = await get(client, "/CodeSystem/$lookup", system=URL, code="dodo", date="2026-11-26")
    assert (then.status_code, now.status_code) == (200, 404)
    assert "from 1598-01-01 to 1681-01-01" in issue(now)["diagnostics"]


@pytest.mark.parametrize(
    ("system", "code", "status", "reason"),
    [
        ("urn:example:nothing", "x", 404, "not-found"),
        (GENDERS, "x", 404, "not-found"),
        ("", "x", 400, "required"),
        (GENDERS, "", 400, "required"),
    ],
)
async def test_what_cannot_be_looked_up_is_refused(
    client: AsyncClient, system: str, code: str, status: int, reason: str
):
    asked = {name: value for name, value in (("system", system), ("code", code)) if value}
    response = await get(client, "/CodeSystem/$lookup", **asked)
    assert (response.status_code, issue(response)["code"]) == (status, reason)


async def test_a_date_that_is_none_is_refused(client: AsyncClient):
    response = await get(client, "/CodeSystem/$lookup", system=GENDERS, code="male", date="yesterday")
    assert response.status_code == 400


async def test_a_stored_code_system_belongs_to_its_tenant(
    client: AsyncClient, house: House, shared_store: PostgresStore
):
    await created(client, {**animals(), "status": "active"})
    other = make_house(shared_store, house.registry, house.validator, OPERATIONS)
    async with make_client(other, 1) as stranger:
        response = await get(stranger, "/CodeSystem/$lookup", system=URL, code="duck")
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("code", "display", "result"),
    [
        ("male", None, True),
        ("male", "Male", True),
        ("male", " male ", True),
        ("male", "Female", False),
        ("MALE", None, False),
        ("x", None, False),
    ],
)
async def test_a_code_is_validated_in_its_code_system(
    client: AsyncClient, code: str, display: str | None, result: bool
):
    shown = {"display": display} if display else {}
    response = await get(client, "/CodeSystem/$validate-code", url=GENDERS, code=code, **shown)
    assert named(response, "result") is result
    assert (named(response, "message") is None) is result


async def test_a_code_is_validated_in_a_value_set(client: AsyncClient):
    right = await get(client, "/ValueSet/$validate-code", url=GENDER, system=GENDERS, code="other")
    wrong = await get(client, "/ValueSet/$validate-code", url=GENDER, system="urn:x", code="other")
    assert (named(right, "result"), named(right, "display"), named(wrong, "result")) == (True, "Other", False)


async def test_one_right_coding_of_a_concept_is_enough(client: AsyncClient):
    codings = [{"system": "urn:x", "code": "1"}, {"system": GENDERS, "code": "unknown"}]
    body = parameters(
        {"name": "url", "valueUri": GENDER}, {"name": "codeableConcept", "valueCodeableConcept": {"coding": codings}}
    )
    response = await client.post("/ValueSet/$validate-code", json=body, headers=FHIR_JSON)
    assert named(response, "result") is True


async def test_a_code_without_its_system_is_refused(client: AsyncClient):
    response = await get(client, "/ValueSet/$validate-code", url=GENDER, code="other")
    assert (response.status_code, issue(response)["code"]) == (400, "required")


async def test_a_code_that_only_groups_others_is_right_when_asked(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    strict = await get(client, "/CodeSystem/$validate-code", url=URL, code="water")
    lenient = await get(client, "/CodeSystem/$validate-code", url=URL, code="water", abstract="true")
    assert (named(strict, "result"), named(lenient, "result")) == (False, True)


async def test_nobody_can_tell_of_a_code_outside_the_part_that_is_installed(client: AsyncClient):
    right = await get(client, "/ValueSet/$validate-code", url=FACILITY, system=SECTOR, code="SA17")
    unknown = await get(client, "/ValueSet/$validate-code", url=FACILITY, system=SECTOR, code="SA99")
    assert named(right, "result") is True
    assert (unknown.status_code, issue(unknown)["code"]) == (422, "not-supported")


async def test_a_stored_value_set_is_expanded_by_id_and_by_url(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    birds = {"system": URL, "filter": [{"property": "concept", "op": "descendent-of", "value": "bird"}]}
    stored = await created(client, value_set(birds))
    by_id = await get(client, f"/ValueSet/{stored['id']}/$expand")
    by_url = await get(client, "/ValueSet/$expand", url="urn:example:some-animals")
    assert codes(by_id) == codes(by_url) == ["duck", "dodo"]


async def test_a_value_set_given_is_expanded_with_its_excludes(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    given = value_set({"system": URL})
    given["compose"]["exclude"] = [{"system": URL, "concept": [{"code": "dodo"}]}]
    body = parameters({"name": "valueSet", "resource": given})
    response = await client.post("/ValueSet/$expand", json=body, headers=FHIR_JSON)
    assert codes(response) == ["bird", "duck", "fish", "water"]


async def test_value_sets_of_value_sets_meet(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    one = {"system": URL, "concept": [{"code": "duck"}, {"code": "fish"}]}
    await created(client, value_set(one, url="urn:example:one"))
    response = await client.post(
        "/ValueSet/$expand", json=value_set({"system": URL, "valueSet": ["urn:example:one"]}), headers=FHIR_JSON
    )
    assert codes(response) == ["duck", "fish"]


async def test_a_value_set_that_includes_itself_is_refused(client: AsyncClient):
    for here, there in (("one", "two"), ("two", "one")):
        await created(client, value_set({"valueSet": [f"urn:example:{there}"]}, url=f"urn:example:{here}"))
    response = await get(client, "/ValueSet/$expand", url="urn:example:one")
    assert response.status_code == 422
    assert "includes itself" in issue(response)["diagnostics"]


async def test_an_unknown_code_system_is_named(client: AsyncClient):
    response = await client.post("/ValueSet/$expand", json=value_set({"system": "urn:x"}), headers=FHIR_JSON)
    assert (response.status_code, issue(response)["code"]) == (422, "not-found")
    assert "urn:x" in issue(response)["diagnostics"]


async def test_a_change_of_a_stored_code_system_shows_at_once(client: AsyncClient):
    stored = await created(client, {**animals(), "status": "active"})
    await created(client, value_set({"system": URL}))
    before = codes(await get(client, "/ValueSet/$expand", url="urn:example:some-animals"))
    changed = {**stored, "concept": [{"code": "cat"}]}
    await client.put(f"/CodeSystem/{stored['id']}", json=changed, headers=FHIR_JSON)
    after = codes(await get(client, "/ValueSet/$expand", url="urn:example:some-animals"))
    assert (len(before), after) == (5, ["cat"])


async def test_the_version_asked_for_is_expanded_else_the_last(client: AsyncClient):
    for version, code in (("1.9", "old"), ("1.10", "new")):
        concept = {"system": "urn:x", "concept": [{"code": code}]}
        await created(client, value_set(concept, version=version))
    last = await get(client, "/ValueSet/$expand", url="urn:example:some-animals")
    old = await get(client, "/ValueSet/$expand", url="urn:example:some-animals", valueSetVersion="1.9")
    none = await get(client, "/ValueSet/$expand", url="urn:example:some-animals|2")
    assert (codes(last), codes(old), none.status_code) == (["new"], ["old"], 404)


async def test_pages_hold_all_members_once(client: AsyncClient):
    pages = [await get(client, "/ValueSet/$expand", url=GENDER, count=3, offset=start) for start in (0, 3, 6)]
    assert [len(codes(page)) for page in pages] == [3, 1, 0]
    assert {page.json()["expansion"]["total"] for page in pages} == {4}


@pytest.mark.requirement("MS.VACC/NOTE.07")
async def test_a_class_of_vaccines_is_found_while_it_is_typed(client: AsyncClient):
    response = await get(client, "/ValueSet/$expand", url=VACCINES, filter="tetan polio", count=20)
    assert set(codes(response)) == {"60917345", "J07CA01", "J07CA02", "J07CA06", "J07CA09"}


@pytest.mark.requirement("MS.VACC/NOTE.07")
@pytest.mark.parametrize(
    ("text", "expected"),
    [("vac-exemple", ["90000001", "90000002"]), ("grippe nourr", ["90000002"]), ("zona", ["90000003"])],
)
async def test_the_vaccines_that_a_tenant_loads_are_found_by_disease_and_by_name(
    client: AsyncClient, text: str, expected: list[str]
):
    await created(client, medicines())
    response = await get(client, "/ValueSet/$expand", url=VACCINES, filter=text, exclude_system=ATC)
    assert codes(response) == expected


@pytest.mark.requirement("MS.VACC/NOTE.07")
async def test_a_vaccine_that_a_tenant_loads_leads_to_its_class(client: AsyncClient):
    await created(client, medicines())
    response = await get(client, "/CodeSystem/$lookup", system=CIS, code="90000003", property="atc")
    found = next(each["part"] for each in response.json()["parameter"] if each["name"] == "property")
    assert {"name": "value", "valueCoding": {"system": ATC, "code": "J07BK03"}} in found


async def test_a_code_of_a_guide_that_r4_does_not_bring_is_looked_up(client: AsyncClient):
    system = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
    response = await get(client, "/CodeSystem/$lookup", system=system, code="no-known-allergies")
    assert named(response, "display") == "Pas d'allergie/hypersensibilité connue"


@pytest.mark.parametrize(
    ("code", "display", "result"),
    [
        ("SA17", "Etablissement pour personnes âgées", True),
        ("SA17", "Établissement pour les aînés", False),
        ("SA16", "Etablissement pour personnes handicapées", True),
    ],
)
async def test_another_label_is_wrong_only_where_ours_is_that_of_the_source(
    client: AsyncClient, code: str, display: str, result: bool
):
    response = await get(client, "/ValueSet/$validate-code", url=FACILITY, system=SECTOR, code=code, display=display)
    assert named(response, "result") is result


async def test_a_code_of_the_stored_lists_is_left_out_when_it_ended(client: AsyncClient):
    await created(client, {**animals(), "status": "active"})
    await created(client, value_set({"system": URL}))
    url = "urn:example:some-animals"
    active = await get(client, "/ValueSet/$expand", url=url, activeOnly="true")
    then = await get(client, "/ValueSet/$expand", url=url, date="1650-01-01")
    now = await get(client, "/ValueSet/$expand", url=url, date="2026-01-01")
    assert ["dodo" in codes(each) for each in (active, then, now)] == [False, True, False]


async def test_a_part_of_a_list_says_so(client: AsyncClient):
    response = await get(client, "/ValueSet/$expand", url=FACILITY, filter="agees")
    assert codes(response) == ["SA17"]
    assert {"name": "partial", "valueBoolean": True} in response.json()["expansion"]["parameter"]


async def test_a_large_value_set_is_read_by_pages(client: AsyncClient):
    concepts = [{"code": f"c{number}"} for number in range(10_001)]
    await created(client, {**animals(), "status": "active", "concept": concepts})
    await created(client, value_set({"system": URL}))
    whole = await get(client, "/ValueSet/$expand", url="urn:example:some-animals")
    page = await get(client, "/ValueSet/$expand", url="urn:example:some-animals", count=5)
    assert (whole.status_code, issue(whole)["code"]) == (422, "too-costly")
    assert len(codes(page)) == 5


@pytest.mark.parametrize("asked", [{"count": "-1"}, {"offset": "-1"}, {"url": ""}])
async def test_a_wrong_page_is_refused(client: AsyncClient, asked: dict[str, str]):
    response = await get(client, "/ValueSet/$expand", **{"url": GENDER, **asked})
    assert response.status_code == 400


async def test_an_answer_is_a_value_set_of_r4(client: AsyncClient, house: House):
    response = await get(client, "/ValueSet/$expand", url=FACILITY, filter="sante", includeDesignations="true")
    assert house.validator.structure(response.json(), "ValueSet") == []
    looked_up = await get(client, "/CodeSystem/$lookup", system=GENDERS, code="male")
    assert house.validator.structure(looked_up.json(), "Parameters") == []
