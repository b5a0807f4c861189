"""The scenario of a server that is slave of identities: what its master says is the law, here nobody changes it."""

from typing import Any

import httpx

from usager_server.conformity.people import Birth, a_birth
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

Tree = dict[str, Any]

FR_CORE = "https://hl7.fr/ig/fhir/core"
RELIABILITY = f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability"
STATUSES = f"{FR_CORE}/CodeSystem/fr-core-cs-identity-status"
OID = "1.2.250.1.999.64"
TEST = "1.2.250.1.213.1.4.10"
ER7 = "x-application/hl7-v2+er7"


@scenario("INS/va1.64", title="L'identité et son INS viennent d'un autre logiciel, et ne se changent pas ici")
async def identities_come_from_elsewhere(run: Run) -> None:
    """Le logiciel maître envoie les identités, en HL7 v2 et en FHIR ; leur statut en découle, nul autre ne l'écrit."""
    birth, number = a_birth(run), run.unique("ipp")
    async with run.step("Recevoir du logiciel maître une identité validée avec son matricule INS (A28)"):
        run.check(_code(await _fed(run, "A28", birth, number, "VALI", ins=True)) == "AA", "Le message est accepté")
        patient = await _found(run, number)
        run.check(_status(patient) == "QUAL", "L'identité est qualifiée", found=_status(patient))
        run.check(_matricules(patient) == [("official", birth.matricule)], "L'INS est hérité", found=patient)
    async with run.step("Changer ici un trait strict, un matricule ou le statut"):
        other = [{**each, "value": a_birth(run).matricule} for each in patient["identifier"][:1]]
        lesser = [each for each in patient["extension"] if each["url"] != RELIABILITY]
        changes: list[Tree] = [{"birthDate": "1999-01-01"}, {"identifier": [*other, *patient["identifier"][1:]]}]
        for change in [*changes, {"extension": [_reliability("PROV"), *lesser]}]:
            answer = await _put(run.http, {**patient, **change})
            run.check(answer.status_code == 422, "C'est refusé", found=answer.text)
        answer = await run.http.delete(f"Patient/{patient['id']}")
        run.check(answer.status_code == 403, "Supprimer le dossier est refusé", found=answer.status_code)
    async with run.step("Créer ici une identité, ou envoyer le flux sans être le logiciel maître"):
        bare = {"resourceType": "Patient", "name": [{"family": "CONFORMITE"}]}
        for made in (_typed(birth, "PROV"), bare):
            answer = await run.http.post("Patient", json=made)
            run.check(answer.status_code == 422, "Créer est refusé", found=answer.status_code)
            run.check("autre logiciel" in answer.text, "Le refus dit qui les crée", found=answer.text)
        answer = await _fed(run, "A31", birth, number, "PROV", client=run.http)
        run.check(answer.status_code == 403, "Le flux est refusé", found=answer.status_code)
    async with run.step("Demander ici l'INS à INSi"):
        answer = await run.http.post(f"Patient/{patient['id']}/$ins-search", json={"resourceType": "Parameters"})
        run.check(answer.status_code == 422 and "esclave-identite" in answer.text, "INSi n'est pas appelé ici")
    async with run.step("Compléter ici ce qui n'est pas l'identité"):
        phoned = {**patient, "telecom": [{"system": "phone", "value": "0100000000"}]}
        run.expect(await _put(run.http, phoned), 200, "Le téléphone est enregistré")
    async with run.step("Recevoir du logiciel maître le déclassement de l'identité (A31)"):
        answer = await _fed(run, "A31", birth, number, "PROV", control=f"{number}-2")
        run.check(_code(answer) == "AA", "Le message est accepté", found=answer.text)
        patient = await _found(run, number)
        run.check(_status(patient) == "PROV", "L'identité est provisoire", found=_status(patient))
        run.check(_matricules(patient) == [("old", birth.matricule)], "L'INS est un ancien", found=patient)
        run.check(patient.get("telecom"), "Le téléphone est gardé")
    async with run.step("Recevoir le même message une seconde fois"):
        answer = await _fed(run, "A31", birth, number, "PROV", control=f"{number}-2")
        again = await _found(run, number)
        run.check(_code(answer) == "AA", "Il est accepté", found=answer.text)
        run.check(again["meta"] == patient["meta"], "Il n'est pas appliqué une seconde fois", found=again["meta"])
    await _merge(run, number, birth)
    await _matrix(run)


async def _merge(run: Run, number: str, birth: Birth) -> None:
    """Prove that two records are one when the master says so, once."""
    other, double = a_birth(run), run.unique("ipp-double")
    async with run.step("Recevoir du logiciel maître la fusion de deux dossiers (A40)"):
        await _fed(run, "A28", other, double, "VALI", ins=True)
        gone = await _found(run, double)
        answer = await _fed(run, "A40", birth, number, "VALI", control=f"{double}-3", ins=True, merged=double)
        run.check(_code(answer) == "AA", "Le message est accepté", found=answer.text)
        stays, gone = await _found(run, number), run.expect(await run.http.get(f"Patient/{gone['id']}"), 200)
        run.check(_status(stays) == "QUAL", "Le dossier qui reste est ce que dit le message", found=_status(stays))
        run.check(gone["active"] is False, "L'autre dossier est inactif", found=gone)
        link = gone.get("link", [{}])[0].get("other", {}).get("reference")
        run.check(link == f"Patient/{stays['id']}", "Il renvoie au dossier qui reste", found=link)
        run.check(_matricules(gone) == [("old", other.matricule)], "Son INS est un ancien", found=_matricules(gone))
    async with run.step("Recevoir la même fusion une seconde fois, puis une mise à jour du dossier disparu"):
        answer = await _fed(run, "A40", birth, number, "VALI", control=f"{double}-3", ins=True, merged=double)
        again = await _found(run, number)
        run.check(_code(answer) == "AA", "Le message est accepté", found=answer.text)
        run.check(again["meta"] == stays["meta"], "Il n'est pas appliqué une seconde fois", found=again["meta"])
        answer = await _fed(run, "A31", other, double, "PROV", control=f"{double}-4")
        run.check(_code(answer) == "AE", "La mise à jour du dossier disparu est refusée", found=answer.text)


async def _matrix(run: Run) -> None:
    """Prove the final local status of each identity that a master may send, by FHIR."""
    for code, has_ins, becomes in (("PROV", False, "PROV"), ("VALI", False, "VALI"), ("VALI", True, "QUAL")):
        said = f"{code} {'avec' if has_ins else 'sans'} matricule"
        async with run.step(f"Recevoir du logiciel maître, en FHIR, une identité {said}"):
            patient = run.expect(await run.master.post("Patient", json=_typed(a_birth(run), code, ins=has_ins)), 201)
            run.check(_status(patient) == becomes, f"Elle est {becomes}", found=_status(patient))
    async with run.step("Recevoir une identité provisoire qui porte un matricule, ce qui ne devrait pas être"):
        patient = run.expect(await run.master.post("Patient", json=_typed(a_birth(run), "PROV", ins=True)), 201)
        run.check((_status(patient), _matricules(patient)) == ("PROV", []), "Le matricule est ignoré", found=patient)
        run.check("Matricule reçu" in str(patient["extension"]), "L'anomalie est écrite dans le dossier", found=patient)
    async with run.step("Recevoir une identité sans statut, ou avec deux matricules en vigueur"):
        mute = _typed(a_birth(run), "VALI")
        del mute["extension"]
        several = _typed(a_birth(run), "VALI", ins=True)
        several["identifier"].append({**several["identifier"][0], "value": a_birth(run).matricule})
        for sent, why in ((mute, "PROV, ou VALI"), (several, "au plus un matricule")):
            answer = await run.master.post("Patient", json=sent)
            run.check(
                answer.status_code == 422 and why in answer.text, "C'est refusé, avec la raison", found=answer.text
            )


async def _fed(
    run: Run,
    event: str,
    birth: Birth,
    number: str,
    status: str,
    *,
    control: str = "",
    ins: bool = False,
    merged: str = "",
    client: httpx.AsyncClient | None = None,
) -> httpx.Response:
    numbers = f"{number}^^^GAM&{OID}&ISO^PI" + (f"~{birth.matricule}^^^INS&{TEST}&ISO^INS" if ins else "")
    day = birth.date.replace("-", "")
    pid = f"PID|||{numbers}||CONFORMITE^ANNE^ANNE MARIE^^^^L||{day}|F|||^^Brest^^^^BDL^^29019{'|' * 21}{status}"
    msh = f"MSH|^~\\&|GAM||USAGER||20260504100000||ADT^{event}|{control or number}|P|2.5||||||UNICODE UTF-8"
    mrg = [f"MRG|{merged}^^^GAM&{OID}&ISO^PI"] if merged else []
    content = "\r".join((msh, f"EVN|{event}", pid, *mrg, "")).encode()
    return await (client or run.master).post("Patient/$identity-feed", content=content, headers={"Content-Type": ER7})


def _code(answer: httpx.Response) -> str:
    """Return what an ACK says: AA, AE, AR; "" when the answer is none."""
    line = next((line for line in answer.text.split("\r") if line.startswith("MSA|")), "MSA|")
    return line.split("|")[1]


async def _found(run: Run, number: str) -> Tree:
    sought = {"identifier": f"urn:oid:{OID}|{number}", "active": "true"}
    bundle = run.expect(await run.http.get("Patient", params=sought), 200)
    run.require(len(bundle.get("entry", ())) == 1, "La personne a un dossier et un seul", found=bundle)
    found: Tree = bundle["entry"][0]["resource"]
    return found


async def _put(client: httpx.AsyncClient, patient: Tree) -> httpx.Response:
    return await client.put(f"Patient/{patient['id']}", json=patient)


def _typed(birth: Birth, code: str, *, ins: bool = False) -> Tree:
    official = {"use": "official", "system": f"urn:oid:{TEST}", "value": birth.matricule}
    return {
        "resourceType": "Patient",
        "meta": {"profile": [f"{FR_CORE}/StructureDefinition/fr-core-patient"]},
        "extension": [_reliability(code)],
        **({"identifier": [official]} if ins else {}),
        "name": [{"use": "official", "family": "CONFORMITE", "given": ["ANNE"]}],
        "gender": "female",
        "birthDate": birth.date,
    }


def _reliability(code: str) -> Tree:
    part = {"url": "identityStatus", "valueCoding": {"system": STATUSES, "code": code}}
    return {"url": RELIABILITY, "extension": [part]}


def _status(patient: Tree) -> str:
    parts = [part for each in patient["extension"] if each["url"] == RELIABILITY for part in each["extension"]]
    return next((str(it["valueCoding"]["code"]) for it in parts if it["url"] == "identityStatus"), "")


def _matricules(patient: Tree) -> list[tuple[str, str]]:
    found = [each for each in patient.get("identifier", ()) if each["system"] == f"urn:oid:{TEST}"]
    return [(each["use"], each["value"]) for each in found]
