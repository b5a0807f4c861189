"""Attestation of a rapid test: its results in the record, the device they were made with."""

from typing import TYPE_CHECKING

from usager_server.documents.prefill.outline import Fill, Outline, Tree
from usager_server.documents.prefill.record import token_of, when_of
from usager_server.requirements import fulfils

if TYPE_CHECKING:
    from usager_server.documents.prefill.draft import Draft

TITLE = "Test rapide d'orientation diagnostique"
RESULT = "26436-6"
RESULTS = Fill("Observation?_sort=-date", codes="test", one_of_each=True)
BACTERIAL, VIRAL = ("92894-5", "Bactériologie"), ("92893-7", "Sérologie virale")
STREP_A = "http://loinc.org|78012-2"
DAY = len("2026-03-12")


@fulfils("TROD.01", "TROD.02")
def complete(draft: "Draft") -> None:
    """List the results of the latest day in a report, and the device when its box was scanned."""
    found = draft.found(RESULTS)
    latest = max((when_of(each) or "" for each in found), default="")
    results = [each for each in found if (when_of(each) or "")[:DAY] == latest[:DAY]] if latest else []
    device = _device(draft)
    if device is not None:
        results = [_made_with(draft, each, device) for each in results]
    if not results:
        text = "Le dossier n'a aucun résultat de test rapide : enregistrez-le (Observation), puis recommencez"
        draft.remark(text, severity="warning", expression="DiagnosticReport.result")
        return
    draft.title = f"{TITLE} : {', '.join(map(_name, results))}"
    draft.event = {"period": {"start": latest}}
    draft.put(RESULT, draft.make(_report(draft, results)))


def _name(result: Tree) -> str:
    code = result["code"]
    return code.get("text") or next((each["display"] for each in code["coding"] if each.get("display")), "test")


def _report(draft: "Draft", results: list[Tree]) -> Tree:
    code, display = BACTERIAL if {token_of(each) for each in results} == {STREP_A} else VIRAL
    return {
        "resourceType": "DiagnosticReport",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": code, "display": display}]},
        "subject": draft.subject,
        "effectiveDateTime": when_of(results[0]),
        "result": [draft.list_stored(each) for each in results],
    }


def _device(draft: "Draft") -> Tree | None:
    box = draft.setting.asked.box
    if box is None:
        return None
    carrier = {"issuer": "http://hl7.org/fhir/NamingSystem/gs1-di", "carrierHRF": box.text}
    return draft.make(
        {
            "resourceType": "Device",
            "udiCarrier": [{**carrier, **({"deviceIdentifier": box.gtin} if box.gtin else {})}],
            "lotNumber": box.lot,
            "expirationDate": box.expiry,
            "serialNumber": box.serial,
        }
    )


def _made_with(draft: "Draft", result: Tree, device: Tree) -> Tree:
    """Return a result that names its device; one that names another is left as it is."""
    if result.get("device"):
        return result
    draft.changed.add(f"Observation/{result['id']}")
    return {**result, "device": device}


OUTLINE = Outline(name="trod", code="96173-0", model="trod", reads=(RESULTS,), completes=complete)
