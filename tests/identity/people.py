"""People of the tests: the public test persons of INSi, and identities of each status."""

from dataclasses import replace
from typing import Any

from usager_server.identity import events, words
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import SYSTEMS, TEST, Matricule
from usager_server.identity.parts import with_extension
from usager_server.identity.status import Status
from usager_server.identity.traits import Traits, with_traits
from usager_server.identity.transitions import Refusal, apply

EARLIER = "2026-03-01T08:00:00.000Z"
NOW = "2026-05-04T10:00:00.000Z"
ADRUN = Traits("ADRUN", "ZOE", "ZOE", "F", "1975-12-31", birth_place="63220", birth_place_label="Malintrat")
OTHER = replace(ADRUN, birth_name="ADRUNE")
MATRICULE = Matricule("275126322074974", TEST)
OLD = Matricule("297022A02077878", TEST)
CHECK = events.DeviceChecked("CN", "2026-03-01", EARLIER)


def retrieved(traits: Traits = ADRUN, matricule: Matricule = MATRICULE, moment: str = NOW) -> events.Retrieved:
    return events.Retrieved(matricule.value, matricule.oid, traits, (), moment, "WS_INS2", "uuid:1")


def typed_in(traits: Traits = ADRUN) -> dict[str, Any]:
    """Return a Patient of FR Core as a front end types it."""
    profile = "https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient"
    patient = {"resourceType": "Patient", "meta": {"profile": [profile]}, "active": True}
    return after(with_traits(patient, traits), events.Entered(EARLIER))


def after(patient: dict[str, Any], *happening: events.Event) -> dict[str, Any]:
    """Return a Patient after events none of which is refused."""
    for event in happening:
        made = apply(patient, event)
        assert not isinstance(made, Refusal), made
        patient = made
    return patient


def of_status(status: Status, *ticked: Attribute) -> dict[str, Any]:
    """Return a Patient of a status, with attributes."""
    steps = {
        Status.provisoire: (),
        Status.recuperee: (retrieved(moment=EARLIER),),
        Status.validee: (CHECK,),
        Status.qualifiee: (retrieved(moment=EARLIER), CHECK),
    }[status]
    return after(typed_in(), *steps, *(events.Ticked(each, EARLIER) for each in ticked))


def migrated(status: Status) -> dict[str, Any]:
    """Return a Patient of an existing base, with the INS it had, as it is brought in."""
    patient = of_status(status)
    parts = patient["extension"][[each["url"] for each in patient["extension"]].index(words.EVIDENCE)]["extension"]
    source = next(each for each in parts if each["url"] == "source")
    source["valueCode"] = "migration"
    return patient


def brought_in(patient: dict[str, Any]) -> dict[str, Any]:
    """Return a Patient that states an INS as one of an existing base: with where it comes from, checked on a device.

    Anything else comes back as it is.
    """
    known = patient.get("identifier", ()) if patient["resourceType"] == "Patient" else ()
    ins = next((each for each in known if each.get("system") in SYSTEMS), None)
    if ins is None:
        return patient
    parts = [
        {"url": "source", "valueCode": "migration"},
        {"url": "matricule", "valueIdentifier": {"system": ins["system"], "value": ins["value"]}},
        {"url": "moment", "valueInstant": EARLIER},
    ]
    checked = {"url": "validationMode", "valueCoding": {"system": words.DEVICES, "code": "CN"}}
    made = with_extension(patient, words.EVIDENCE, {"extension": parts})
    return with_extension(made, words.RELIABILITY, {"extension": [checked]})
