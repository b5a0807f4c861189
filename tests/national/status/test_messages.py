"""The summary of a status page, read strictly."""

import json
from datetime import UTC, datetime

import pytest

from usager_server.national.status.messages import Component, parse_summary

SUMMARY = {
    "status": {"indicator": "minor", "description": "Dégradation"},
    "components": [
        {"name": "Pro Santé Connect", "status": "degraded_performance", "updated_at": "2026-11-26T08:00:00.000Z"},
        {"name": "Services", "status": "operational", "group": True},
        {"name": "ROR", "status": "operational", "updated_at": None},
    ],
}


def changed(**members: object) -> bytes:
    """Return the summary with other members."""
    return json.dumps(SUMMARY | members).encode()


def test_components_are_read_and_groups_are_not():
    summary = parse_summary(changed())
    assert summary.indicator == "minor"
    assert summary.components == (
        Component("Pro Santé Connect", "degraded_performance", datetime(2026, 11, 26, 8, tzinfo=UTC)),
        Component("ROR", "operational", None),
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"<html>", "Expecting value"),
        (b"[]", "status is missing"),
        (changed(status="none"), "status is missing, or not an object"),
        (changed(status={"indicator": ""}), "indicator is missing"),
        (changed(components={}), "components is missing, or not a list"),
        (changed(components=[1]), "components is missing, or not a list of objects"),
        (changed(components=[{"name": "x" * 201, "status": "operational"}]), "not a text of at most"),
        (changed(components=[{"name": "x", "status": 1}]), "status is missing"),
        (changed(components=[{"name": "x", "status": "y", "updated_at": "hier"}]), "updated_at is not a date"),
        (changed(components=[{"name": "x", "status": "y", "updated_at": "2026-11-26T08:00:00"}]), "with its zone"),
        (changed(components=[{"name": "x", "status": "operational"}] * 501), "more than 500"),
    ],
)  # fmt: skip
def test_what_is_no_summary_is_refused_with_the_reason(content, told):
    with pytest.raises(ValueError, match=told):
        parse_summary(content)
