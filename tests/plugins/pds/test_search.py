"""The search parameter of the profile PDS."""

from typing import Any

import httpx

from tests.whole import found, statement_of, stored


def coverage(end: str) -> dict[str, Any]:
    """Return a coverage that ends on a day."""
    return {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": {"display": "Yann Le Goff"},
        "payor": [{"display": "CPAM"}],
        "period": {"start": "2025-01-01", "end": end},
    }


async def test_rights_about_to_lapse_are_found(client: httpx.AsyncClient):
    lapsing = await stored(client, coverage("2026-12-05"))
    await stored(client, coverage("2027-12-05"))
    assert await found(client, "Coverage?end=lt2026-12-31") == [lapsing]


async def test_it_is_advertised_where_the_profile_is_on(client: httpx.AsyncClient):
    assert "end" in {it["name"] for it in (await statement_of(client, "Coverage"))["searchParam"]}


async def test_it_is_absent_where_the_profile_is_off(bare_client: httpx.AsyncClient):
    assert "end" not in {it["name"] for it in (await statement_of(bare_client, "Coverage"))["searchParam"]}
