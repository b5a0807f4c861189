"""Each CDA datatype, to FHIR and back."""

import csv
import re
from datetime import datetime
from importlib.resources import files

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usager_cda import systems
from usager_cda.datatypes.codes import Code, build_code, code_from_concept, concept_from_code, parse_code
from usager_cda.datatypes.identifiers import II, identifier_from_ii, ii_from_identifier
from usager_cda.datatypes.names import Name, build_name, human_name, name_from_human, parse_name
from usager_cda.datatypes.nulls import FLAVORS, REASONS, nothing, null_of
from usager_cda.datatypes.places import Address, address_from_fhir, build_address, fhir_address, parse_address
from usager_cda.datatypes.telecoms import Telecom, contact_point, telecom_from_contact
from usager_cda.datatypes.times import build_ts, instant_of, is_reversed, parse_ts


def table() -> list[dict[str, str]]:
    text = files("usager_cda").joinpath("data", "systems.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_table_of_systems_is_bijective():
    oids, urls = ({row[name] for row in table()} for name in ("oid", "url"))
    assert len(oids) == len(urls) == len(table())
    assert all(systems.oid_of(systems.url_of(oid)) == oid for oid in oids)


def test_an_alias_of_a_system_leads_to_its_oid():
    url = "https://mos.esante.gouv.fr/NOS/TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass"
    assert systems.oid_of(url) == "2.16.840.1.113883.5.110"


@given(st.from_regex(systems.OID, fullmatch=True) | st.uuids().map(lambda each: str(each).upper()))
def test_a_root_survives_as_a_uri(root):
    assert systems.root_of(systems.uri_of(root)) == root


def test_an_unknown_oid_is_named_by_itself():
    assert systems.url_of("1.2.3.4") == "urn:oid:1.2.3.4"


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("2026", "2026"),
        ("202603", "2026-03"),
        ("20260312", "2026-03-12"),
        ("20260312101530+0100", "2026-03-12T10:15:30+01:00"),
        ("202603121015+0100", "2026-03-12T10:15:00+01:00"),
        ("2026031210+0100", "2026-03-12T10:00:00+01:00"),
        ("20260312101530.250+0100", "2026-03-12T10:15:30.250+01:00"),
        ("20260712101530", "2026-07-12T10:15:30+02:00"),
        ("20260312101530", "2026-03-12T10:15:30+01:00"),
        ("19420000", "1942"),
        ("19420500", "1942-05"),
        ("20240106113623+100", "2024-01-06T11:36:23+01:00"),
    ],
)
def test_times_are_read_with_their_precision(ts, expected):
    assert parse_ts(ts) == expected


@pytest.mark.parametrize(
    "ts", ["", "26", "20261301", "20260230", "2026031225", "yesterday", "20260312101530+9900", "0000"]
)
def test_an_impossible_time_is_refused(ts):
    with pytest.raises(ValueError, match=r"is not a (time|date)"):
        parse_ts(ts)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first time zone reads a database
@given(st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.timezones()))
def test_a_time_survives(moment):
    text = moment.strftime("%Y%m%d%H%M%S") + "+0200"
    assert build_ts(parse_ts(text)) == text


def test_an_instant_of_a_day_begins_at_midnight_in_paris():
    assert instant_of("2026-07-12") == "2026-07-12T00:00:00+02:00"
    assert instant_of("2026") == "2026-01-01T00:00:00+01:00"


def test_a_period_is_reversed_only_when_it_is_known_to_be():
    assert is_reversed("2026-03-12T10:00:00+01:00", "2026-03-12T08:30:00Z")
    assert not is_reversed("2026-03-12", "2026")


def test_every_null_flavor_has_one_reason():
    assert len(FLAVORS) == len(REASONS)
    assert all(null_of(nothing(flavor)) == flavor for flavor in REASONS)


@pytest.mark.parametrize(
    "ii",
    [
        II("1.2.250.1.71.4.2.1", "810000000001"),
        II("1.2.3.4"),
        II("AA2F476F-CA64-47BF-AED1-852692B493D9"),
        II("AA2F476F-CA64-47BF-AED1-852692B493D9", "7", "COFRAC"),
    ],
)
def test_identifiers_survive(ii):
    assert ii_from_identifier(identifier_from_ii(ii, kind="VN")) == ii


def test_a_matricule_is_typed_and_a_billing_number_is_not_one():
    ins = identifier_from_ii(II("1.2.250.1.213.1.4.8", "236057511042363"), kind="PI")
    assert (ins["use"], ins["type"]["coding"][0]["code"]) == ("official", "INS-NIR")
    billing = identifier_from_ii(II("1.2.250.1.213.1.4.13", "236057511042363"), kind="PI")
    assert billing["use"] == "secondary"
    assert "coding" not in billing["type"]


def test_codes_keep_translations_and_words():
    code = Code("SA17", "1.2.250.1.71.4.2.4", "EHPAD", "dit maison", (Code("500", "1.2.250.1.213.1.6.1.8", "EHPAD"),))
    assert code_from_concept(concept_from_code(code)) == code
    assert parse_code(build_code("code", code)) == code


def test_a_code_that_is_absent_says_why():
    assert code_from_concept(concept_from_code(Code(null="NA"))) == Code(null="NA")


def test_a_name_keeps_birth_and_partner_names():
    name = Name((("MARTEL-DUVAL", None), ("DUVAL", "BR"), ("MARTEL", "SP")), (("Claire", None),), "MME", "DR")
    assert name_from_human(human_name(name)) == name
    assert parse_name(build_name(name)) == name


def test_a_name_in_one_piece_is_kept():
    assert name_from_human(human_name(Name(text="Claire Martel"))) == Name(text="Claire Martel")


ADDRESSES = [
    Address((("houseNumber", "12"), ("streetName", "rue du Lac"), ("postalCode", "75011"), ("city", "PARIS")), use="H"),
    Address((("unitID", "A"), ("postBox", "BP 1"), ("city", "CAEN"), ("county", "14118"))),
    Address(lines=("Chez Mme Duval", "14000 Caen"), use="HV"),
    Address(null="MSK"),
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_survive(address):
    assert address_from_fhir(fhir_address(address)) == address
    assert parse_address(build_address(address)) == address


def test_free_lines_beside_a_city_become_parts():
    address = address_from_fhir({"line": ["12 rue du Lac", "Bâtiment B"], "city": "Paris", "postalCode": "75011"})
    assert address.part("streetName") == "12 rue du Lac"
    assert address.part("additionalLocator") == "Bâtiment B"
    assert address.lines == ()


@pytest.mark.parametrize(
    "telecom",
    [
        Telecom("tel:0140000001", "H"),
        Telecom("tel:0140000001", "EC"),
        Telecom("fax:0140000001", "WP"),
        Telecom("mailto:a.b@medecin.mssante.fr"),
        Telecom("http://example.org/", "DIR"),
        Telecom(null="NASK"),
    ],
)
def test_telecoms_survive(telecom):
    assert telecom_from_contact(contact_point(telecom)) == telecom


def test_a_secure_mail_address_says_that_it_is_one():
    contact = contact_point(Telecom("mailto:a.b@medecin.mssante.fr"))
    assert contact["system"] == "email"
    assert contact["extension"][0]["valueCoding"]["code"] == "MSSANTE"


def test_what_is_written_in_fhir_has_no_space_in_its_uris():
    assert not re.search(r"\s", systems.url_of("not an oid"))
    assert systems.root_of(systems.uri_of("not an oid")) == "not an oid"
