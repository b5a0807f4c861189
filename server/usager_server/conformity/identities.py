"""Identities in scenarios: their status, the operations around INSi, and one that is qualified by it."""

from typing import Any

import httpx

from usager_server.conformity.run import Run

Tree = dict[str, Any]

PROFESSIONAL = "899700000000"
"""Who calls, where INSi is called in the name of a professional."""

NIR = "1.2.250.1.213.1.4.8"
_EXTENSIONS = "https://hl7.fr/ig/fhir/core/StructureDefinition"
RELIABILITY = f"{_EXTENSIONS}/fr-core-identity-reliability"


async def asked(run: Run, address: str, **texts: str) -> httpx.Response:
    """Return the answer to an operation around INSi, which is given these texts."""
    given = texts if address.endswith("$ins-accept") else {"nationalId": PROFESSIONAL, **texts}
    parts = [{"name": name, "valueString": text} for name, text in given.items()]
    return await run.http.post(address, json={"resourceType": "Parameters", "parameter": parts})


async def sign_in(run: Run) -> None:
    """Open a session at the proxy; where a certificate does instead, that changes nothing."""
    await asked(run, "$proxy-connect", bindingMessage="42")


async def qualified(run: Run, typed: Tree, matricule: str) -> Tree:
    """Return an identity once it is qualified, in two steps: made known to the stand-in; typed, searched, accepted.

    Shape   typed is a Patient of FR Core that bears a device of high trust; matricule its NIR, which nobody else has.
            The scenario names insi among its stand-ins.
    """
    async with run.step("Faire connaître à INSi une personne inventée"):
        await (await run.stand_in("insi")).seed({"persons": [_known(typed, matricule)]})
    async with run.step("Créer son identité, contrôlée sur pièce ; interroger INSi, comparer et accepter"):
        made = run.expect(await run.http.post("Patient", json=typed), 201)
        answer = await asked(run, f"Patient/{made['id']}/$ins-search")
        if answer.status_code == 401:
            await sign_in(run)
            answer = await asked(run, f"Patient/{made['id']}/$ins-search")
        found = run.expect(answer, 200)
        key = str(run.value(found, "answer"))
        patient: Tree = run.expect(await asked(run, f"Patient/{made['id']}/$ins-accept", answer=key), 200)
        run.require(status_of(patient) == "QUAL", "L'identité est qualifiée", found=status_of(patient))
    return patient


def status_of(patient: Tree) -> str:
    """Return the code of the status that a Patient shows, "" without one."""
    return str(_in_extension(patient, RELIABILITY, "identityStatus").get("valueCoding", {}).get("code", ""))


def _in_extension(holder: Tree, *urls: str) -> Tree:
    """Return the extension that is found by going down these, empty when there is none."""
    for url in urls:
        holder = next((each for each in holder.get("extension", ()) if each["url"] == url), {})
    return holder


def _known(typed: Tree, matricule: str) -> dict[str, str]:
    """Return a person as the stand-in knows them."""
    name = typed["name"][0]
    listed = _in_extension(name, f"{_EXTENSIONS}/fr-core-patient-birth-list-given-name").get("valueString")
    born = _in_extension(typed, "http://hl7.org/fhir/StructureDefinition/patient-birthPlace")["valueAddress"]
    code = _in_extension(born, f"{_EXTENSIONS}/fr-core-address-insee-code")["valueCoding"]["code"]
    return {
        "birth_name": name["family"].upper(),
        "given_names": str(listed or name["given"][0]).upper(),
        "sex": "F" if typed["gender"] == "female" else "M",
        "birth_date": typed["birthDate"],
        "birth_place": code,
        "number": matricule,
        "oid": NIR,
    }
