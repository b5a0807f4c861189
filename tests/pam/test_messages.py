"""What a message says of a person, field by field."""

import pytest

from tests.pam.samples import INS, LOCAL, NAMES, OTHER, message
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import TEST, Matricule
from usager_server.identity.traits import traits_of
from usager_server.pam.er7 import Er7Error, parse
from usager_server.pam.mapping import patient_of
from usager_server.pam.messages import Message, Number, read

OLD = INS.replace("275126322074974", "297022A02077878")


def said(**parts: str) -> Message:
    """Return what a message with these parts says."""
    return read(parse(message(**parts).encode()))  # type: ignore[arg-type]


def test_a_message_says_who_and_how_sure():
    found = said(numbers=f"{LOCAL}~{INS}~{OLD}^^^20260101", status="VALI~HOMA")
    assert (found.event, found.control_id, found.sender) == ("A28", "1", "GAM|CHU")
    person = found.person
    assert person.numbers == (Number("1.2.250.1.999.1", "12345"),)
    assert (person.code, person.attributes) == ("VALI", frozenset((Attribute.homonyme,)))
    assert person.matricules == (Matricule("275126322074974", TEST),)
    assert person.old == (Matricule("297022A02077878", TEST),)


def test_names_date_sex_and_place_are_those_of_birth():
    traits = traits_of(patient_of(said(names=f"{NAMES}~MARTIN^ZOÉ^^^^^D").person, None))
    assert (traits.birth_name, traits.first_birth_given_name, traits.birth_given_names) == ("ADRUN", "ZOE", "ZOE MARIE")
    assert (traits.used_name, traits.used_given_name) == ("MARTIN", "ZOÉ")
    assert (traits.birth_date, traits.sex, traits.birth_place, traits.birth_place_label) == (
        *("1975-12-31", "F", "63220", "Malintrat"),
    )


@pytest.mark.parametrize(
    ("born", "date", "is_estimated"),
    [
        ("1975", "1975-12-31", True),
        ("197504", "1975-04-01", True),
        ("197504011230+0200", "1975-04-01", False),
        ("19750401123045.0001+0200", "1975-04-01", False),
        ("19750401", "1975-04-01", False),
        ("1975+0100", "1975-12-31", True),
    ],
)
def test_a_date_in_part_is_completed(born, date, is_estimated):
    traits = traits_of(patient_of(said(born=born).person, None))
    assert (traits.birth_date, traits.birth_date_estimated) == (date, is_estimated)


def test_a_merge_says_which_record_gives_way_to_which():
    found = said(event="A40", numbers=f"{LOCAL}~{OTHER}~{INS}", more=f"MRG|{OTHER}~{INS}")
    assert (found.merged, found.person.numbers) == (
        (Number("1.2.250.1.999.1", "777"),),
        (Number("1.2.250.1.999.1", "12345"),),
    )
    assert said(more=f"MRG|{OTHER}").merged == ()


def test_silence_changes_nothing_and_quotes_take_away():
    known = {**patient_of(said(names=f"{NAMES}~MARTIN^^^^^^D").person, None), "telecom": [{"value": "0100000000"}]}
    silent = patient_of(said(place="").person, known)
    assert traits_of(silent).used_name == "MARTIN"
    assert (traits_of(silent).birth_place, silent["telecom"]) == ("63220", known["telecom"])
    emptied = patient_of(said(names=f'{NAMES}~""^^^^^^D', place='^^""^^^^BDL^^""').person, known)
    assert (traits_of(emptied).used_name, traits_of(emptied).birth_place) == ("", "")


@pytest.mark.parametrize(
    ("parts", "place", "code"),
    [
        ({"event": "A01"}, "MSH-9", "201"),
        ({"header": {9: "ORU^R01"}}, "MSH-9", "200"),
        ({"header": {9: ""}}, "MSH-9", "200"),
        ({"header": {10: ""}}, "MSH-10", "101"),
        ({"header": {10: "1" * 51}}, "MSH-10", "101"),
        ({"header": {11: "X"}}, "MSH-11", "202"),
        ({"header": {12: "3.0"}}, "MSH-12", "203"),
        ({"numbers": INS}, "PID-3", "101"),
        ({"numbers": "12345^^^GAM^PI"}, "PID-3", "102"),
        ({"numbers": f"{LOCAL}~275126322074974^^^INS&1.2.3&ISO^INS"}, "PID-3", "103"),
        ({"names": "ADRUN^^^^^^L"}, "PID-5", "101"),
        ({"names": "ADRUN^ZOE^^^^^D"}, "PID-5", "101"),
        ({"born": ""}, "PID-7", "101"),
        ({"born": "31/12/1975"}, "PID-7", "101"),
        ({"born": "1951-03-12"}, "PID-7", "101"),
        ({"born": "19510"}, "PID-7", "101"),
        ({"born": "20260230"}, "PID-7", "102"),
        ({"sex": "X"}, "PID-8", "103"),
        ({"sex": ""}, "PID-8", "101"),
        ({"status": ""}, "PID-32", "101"),
        ({"status": "PROV~VALI"}, "PID-32", "101"),
        ({"more": "PID|1"}, "PID", "100"),
        ({"event": "A47", "more": f"MRG|{LOCAL}"}, "MSH-9", "201"),
        ({"event": "A40"}, "MRG", "100"),
        ({"event": "A40", "more": f"MRG|{OTHER}\rMRG|{OTHER}"}, "MRG", "100"),
        ({"event": "A40", "more": "MRG|777"}, "MRG-1", "101"),
        ({"event": "A40", "more": "MRG|777^^^GAM^PI"}, "MRG-1", "102"),
        ({"event": "A40", "more": f"MRG|{LOCAL}"}, "MRG-1", "102"),
    ],
)
def test_what_a_message_lacks_is_told_with_its_place(parts, place, code):
    with pytest.raises(Er7Error) as refused:
        said(**parts)
    assert (refused.value.place, refused.value.code) == (place, code)
