"""What the edition that is shipped says about places, at any date."""

from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usager_server.birthplaces.current import shipped
from usager_server.birthplaces.edition import COMMUNE, COUNTRY, DELEGATED
from usager_server.birthplaces.gazetteer import UNKNOWN, Standing

GAZETTEER = shipped()
EVENTS = GAZETTEER.edition.events
PERIODS = GAZETTEER.edition.periods


def test_the_edition_says_where_it_comes_from():
    assert GAZETTEER.edition.name == "2026"
    assert "INSEE" in GAZETTEER.edition.source and "Licence Ouverte" in GAZETTEER.edition.source


def test_it_has_every_code_since_1943():
    codes = {period.code for period in PERIODS if period.kind != COUNTRY}
    assert len(codes) >= 39_115


@pytest.mark.requirement("SC.INS.01")
@pytest.mark.parametrize(
    ("day", "before", "after"),
    [
        # Seine and Seine-et-Oise to five départements; Corsica in two; communes of Isère and Ain to the Rhône.
        ("1968-01-01", ("75", "78"), {"91": 198, "92": 36, "93": 40, "94": 47, "95": 185}),
        ("1976-01-01", ("20",), {"2A": 124, "2B": 236}),
        ("1967-12-31", ("38",), {"69": 23}),
        ("1967-12-31", ("01",), {"69": 6}),
    ],
)
def test_the_great_changes_of_codes_are_all_there(day, before, after):
    changes = [(PERIODS[event.before].code, PERIODS[event.after].code) for event in EVENTS if event.day == day]
    moved = {(old, new) for old, new in changes if old[:2] in before and new[:2] in after}
    assert Counter(new[:2] for _, new in moved) == after


def test_codes_were_used_again_and_names_are_shared():
    labels, codes = defaultdict(set), defaultdict(set)
    for period in PERIODS:
        if period.kind != COUNTRY and period.start <= "2019-01-01":
            labels[period.code].add(period.label)
        if period.kind == COMMUNE:
            codes[period.label].add(period.code)
    assert sum(len(each) > 1 for each in labels.values()) == 2_535
    assert (len(codes["Beaumont"]), len(codes["Sainte-Colombe"])) == (18, 17)


@pytest.mark.requirement("SC.INS.02")
@pytest.mark.parametrize(
    ("code", "day", "label"),
    [
        ("85043", "2015-12-31", "Chaillé-sous-les-Ormeaux"),
        ("85213", "2015-12-31", "Saint-Florent-des-Bois"),
        ("85213", "2016-01-01", "Rives de l'Yon"),
        ("20004", "1975-12-31", "Ajaccio"),
        ("2A004", "1976-01-01", "Ajaccio"),
        ("78228", "1967-12-31", "Évry"),
        ("91228", "1968-01-01", "Évry"),
        ("75101", "1950-06-01", "Paris 1er Arrondissement"),
        ("75056", "1950-06-01", "Paris"),
        ("99352", "1955-01-01", "Algérie"),
        ("99999", "1955-01-01", "INCONNU"),
    ],
)
def test_a_code_means_what_it_meant_that_day(code, day, label):
    found = GAZETTEER.on(code, day)
    assert found is not None and found.label == label


@pytest.mark.parametrize(("code", "day"), [("20004", "1976-01-01"), ("2A004", "1975-12-31"), ("91228", "1967-12-31")])
def test_a_code_means_nothing_outside_its_time(code, day):
    assert GAZETTEER.on(code, day) is None
    assert GAZETTEER.nearest(code, day) is not None


def test_a_delegated_commune_keeps_its_code_beside_the_new_one():
    assert GAZETTEER.on("85043", "2020-01-01").kind == DELEGATED
    assert GAZETTEER.on("85213", "2020-01-01").kind == COMMUNE


@pytest.mark.parametrize(
    ("code", "other", "expected"),
    [
        ("20004", "2A004", True),
        ("2A004", "20004", True),
        ("78228", "91228", True),
        ("85043", "85213", True),
        ("75101", "75056", True),
        ("85043", "75056", False),
        ("75101", "75102", False),
        ("99352", "2A004", False),
    ],
)
def test_two_codes_are_one_place_when_events_lead_from_one_to_the_other(code, other, expected):
    assert GAZETTEER.are_one_place(code, other) is expected


@pytest.mark.parametrize(
    ("code", "standing"),
    [
        ("2A004", Standing.known),
        (UNKNOWN.code, Standing.known),
        ("92999", Standing.well_formed),
        ("98899", Standing.well_formed),
        ("99198", Standing.well_formed),
        ("00001", Standing.malformed),
        ("96001", Standing.malformed),
        ("2C004", Standing.malformed),
        ("7505", Standing.malformed),
        ("٢٠٠٠٤", Standing.malformed),
    ],
)
def test_a_code_that_could_be_one_is_told_from_one_that_cannot(code, standing):
    assert GAZETTEER.standing(code) == standing


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(EVENTS))
def test_the_day_of_an_event_is_the_first_of_what_follows_and_the_last_of_nothing(event):
    before, after = PERIODS[event.before], PERIODS[event.after]
    day = date.fromisoformat(event.day)
    eve = (day - timedelta(days=1)).isoformat()
    if before.end == event.day:
        assert before.holds(eve) and not before.holds(event.day)
    assert after.holds(event.day)
    assert any(change.after == after for change in GAZETTEER.successors(before))
    assert any(change.before == before for change in GAZETTEER.origins(after))
    assert GAZETTEER.are_one_place(before.code, after.code)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PERIODS), st.dates(date(1900, 1, 1), date(2030, 1, 1)))
def test_no_day_has_two_communes_of_one_code(period, day):
    held = [each for each in GAZETTEER.periods(period.code) if each.kind == COMMUNE and each.holds(day.isoformat())]
    assert len([each for each in held if not each.is_rough]) <= 1
