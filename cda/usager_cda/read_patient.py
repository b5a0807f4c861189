"""recordTarget -> Patient."""

from usager_cda.datatypes.names import Name, parse_name
from usager_cda.datatypes.places import parse_address
from usager_cda.datatypes.telecoms import parse_telecom
from usager_cda.errors import NotConformant, refusal
from usager_cda.header import Guardian, Patient
from usager_cda.reader import Reader
from usager_cda.tree import HL7, SDTC, Element, Kids, attribute, child, children, descendant, line_of, text_of, xpath_of

KNOWN_QUALIFIERS = (None, "BR", "CL")


def read_patient(reader: Reader, target: Element) -> Patient:
    """Return the patient of a recordTarget. Errors: NotConformant without patientRole."""
    role = child(target, "patientRole")
    if role is None:
        message = "recordTarget names nobody; expected patientRole"
        raise NotConformant(refusal(message, line=line_of(target), xpath=xpath_of(target)))
    person = child(role, "patient")
    birthplace = descendant(person, "birthplace/place")
    address = child(birthplace, "addr")
    birth = child(person, "birthTime")
    return Patient(
        ids=reader.names(children(role, "id")),
        addresses=tuple(map(parse_address, children(role, "addr"))),
        telecoms=tuple(map(parse_telecom, children(role, "telecom"))),
        name=_name(reader, child(person, "name")),
        gender=reader.code(child(person, "administrativeGenderCode")),
        birth=_day(reader, birth),
        birth_null=attribute(birth, "nullFlavor"),
        birthplace=None if address is None else parse_address(address),
        birthplace_name=text_of(child(birthplace, "name")),
        deceased=_boolean(_sdtc(person, "deceasedInd")),
        deceased_time=reader.time(_sdtc(person, "deceasedTime")),
        multiple_birth=_boolean(_sdtc(person, "multipleBirthInd")),
        birth_order=reader.positive(_sdtc(person, "multipleBirthOrderNumber")),
        guardians=tuple(_guardian(reader, found) for found in children(person, "guardian")),
    )


def _name(reader: Reader, element: Element | None) -> Name:
    for part in [] if element is None else [*children(element, "family"), *children(element, "given")]:
        qualifier = attribute(part, "qualifier")
        if qualifier not in KNOWN_QUALIFIERS:
            reader.report(part, f"The qualifier {qualifier} is not one of BR and CL; the name is kept as a used name")
    return parse_name(element) or Name()


def _day(reader: Reader, element: Element | None) -> str | None:
    """Return a birth date: the hour of birth has no place in Patient.birthDate."""
    time = reader.time(element)
    if element is not None and time is not None and "T" in time:
        reader.report(element, "The hour of birth stays in the original only", "information")
        return time[:10]
    return time


def _sdtc(person: Element | None, name: str) -> Element | None:
    if person is None:
        return None
    found = person.find(SDTC + name)
    return found if found is not None else person.find(HL7 + name)


def _boolean(element: Element | None) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(attribute(element, "value") or "")


def _guardian(reader: Reader, element: Element) -> Guardian:
    kids = Kids(element)
    return Guardian(
        addresses=tuple(map(parse_address, kids.all("addr"))),
        telecoms=tuple(map(parse_telecom, kids.all("telecom"))),
        name=parse_name(child(kids.first("guardianPerson"), "name")),
        organization=reader.organization(kids.first("guardianOrganization")),
        code=reader.code(kids.first("code")),
    )
