"""The scenarios of identities: what a front end may write, what the server alone says, what leaves."""

import json
from importlib.resources import files
from typing import Any

import httpx

from usager_server.conformity.identities import NIR, asked, qualified, status_of
from usager_server.conformity.people import Birth, a_birth, a_finess
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

Tree = dict[str, Any]

FR_CORE = "https://hl7.fr/ig/fhir/core"
EXTENSIONS = f"{FR_CORE}/StructureDefinition"
RELIABILITY = f"{EXTENSIONS}/fr-core-identity-reliability"
EVIDENCE = "https://usager.example/fhir/StructureDefinition/identity-evidence"
ESTIMATED = "https://usager.example/fhir/StructureDefinition/birth-date-estimated"
KNOWN = "https://usager.example/fhir/StructureDefinition/birth-date-known"
COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
TEST = "1.2.250.1.213.1.4.10"
SYSTEM, INVENTED = f"urn:oid:{NIR}", f"urn:oid:{TEST}"
WRONG_KEY = "181036322045660"
IMAGE = b"/Subtype /Image"


@scenario("INS/va1.08", "INS/va1.15", title="Un INS ne se saisit pas : un matricule lu attend sa vérification")
async def an_ins_is_never_typed(run: Run) -> None:
    """Un matricule saisi comme INS est refusé ; lu sur un document, il est gardé, retrouvé, et n'est pas en vigueur."""
    birth = a_birth(run)
    async with run.step("Saisir un INS à la main"):
        official = {"use": "official", "system": INVENTED, "value": birth.matricule}
        answer = await _sent(run, _typed(birth.date) | {"identifier": [official]})
        run.check(answer.status_code == 422, "C'est refusé", found=answer.status_code)
        run.check("$ins-search" in answer.text, "Il est dit comment obtenir l'INS", found=answer.text)
    async with run.step("Saisir un matricule dont la clé est fausse"):
        wrong = {"use": "temp", "system": SYSTEM, "value": WRONG_KEY}
        answer = await _sent(run, _typed(birth.date) | {"identifier": [wrong]})
        run.check(answer.status_code == 422 and "clé" in answer.text, "C'est refusé, pour sa clé", found=answer.text)
    async with run.step("Garder un matricule lu sur un document"):
        read = {"use": "temp", "system": INVENTED, "value": birth.matricule}
        patient = run.expect(await _sent(run, _typed(birth.date) | {"identifier": [read]}), 201)
        run.check(status_of(patient) == "PROV", "L'identité reste provisoire", found=status_of(patient))
        query = {"identifier": f"{INVENTED}|{birth.matricule}"}
        found = run.expect(await run.http.get("Patient", params=query), 200)
        run.check(len(found.get("entry", ())) == 1, "La personne se retrouve par ce matricule")


@scenario("INS/va1.18", "INS/va1.21", "SC.INS.06", "P-INS-04", title="Les traits sont tenus selon le RNIV")
async def traits_are_kept_by_rule(run: Run) -> None:
    """Prénom cohérent avec la liste, date complétée et marquée, lieu inconnu choisi et jamais prérempli."""
    day = a_birth(run).date
    async with run.step("Saisir un premier prénom qui ne commence pas la liste"):
        answer = await _sent(run, _typed(day, first="MARIE"))
        run.check(answer.status_code == 422, "C'est refusé", found=answer.text)
    mark = {"extension": [{"url": ESTIMATED, "valueBoolean": True}]}
    async with run.step("Saisir le mois et l'année de naissance seulement, puis l'année seule"):
        for known, whole in ((day[:7], f"{day[:7]}-01"), (day[:4], f"{day[:4]}-12-31")):
            patient = run.expect(await _sent(run, _typed(known)), 201)
            run.check(patient["birthDate"] == whole, "La date est complétée selon la règle", found=patient["birthDate"])
            run.check(patient.get("_birthDate") == mark, "Elle est marquée comme estimée")
    async with run.step("Saisir le jour et l'année, sans le mois, en demandant ce qu'il y a à dire"):
        part = {"extension": [{"url": KNOWN, "valueString": f"{day[:4]}-00-{day[8:]}"}]}
        sent = {name: value for name, value in _typed(day).items() if name != "birthDate"} | {"_birthDate": part}
        answer = await run.http.post("Patient", json=sent, headers={"Prefer": "return=OperationOutcome"})
        run.expect(answer, 201)
        run.check(
            "complétée et marquée comme estimée" in answer.text, "Il est dit ce qui a été fait", found=answer.text
        )
        kept = run.expect(await run.http.get(answer.headers["Location"].partition("/_history/")[0]), 200)
        whole = f"{day[:4]}-01-{day[8:]}"
        run.check(kept["birthDate"] == whole, "La date est en janvier", found=kept["birthDate"])
    async with run.step("Créer une identité sans lieu de naissance"):
        patient = run.expect(await _sent(run, _typed(day, place=None)), 201)
        run.check("99999" not in str(patient), "99999 n'est pas prérempli")
    async with run.step("Dire que le lieu de naissance est inconnu"):
        answer = await _sent(run, _typed(day, place=("99999", "INCONNU")))
        run.expect(answer, 201, "99999 INCONNU est accepté")


@scenario(
    *("INS/va1.22", "INS/va1.23", "INS/va1.25", "INS/va1.36", "SC.DMP/UX.11", "P-INS-05", "P-INS-06", "P-INS-08"),
    title="Le statut se calcule, et se lit avec l'identité",
)
async def a_status_is_computed(run: Run) -> None:
    """Provisoire par défaut, validée par un dispositif ; un statut saisi est refusé ; la suite à donner est dite."""
    day = a_birth(run).date
    async with run.step("Créer une identité"):
        patient = run.expect(await _sent(run, _typed(day)), 201)
        run.check(status_of(patient) == "PROV", "Elle est provisoire", found=status_of(patient))
        run.check("INSi" in _told(patient, "next"), "Il est dit comment la qualifier", found=_told(patient, "next"))
        run.check(patient["name"][0]["family"] == "KERMARREC", "Ses traits se lisent avec son statut")
    async with run.step("Saisir un statut"):
        answer = await _put(run, _reliable(patient, _said("QUAL")))
        run.check(answer.status_code == 422, "C'est refusé", found=answer.status_code)
    async with run.step("Dater un contrôle sans en dire le type"):
        answer = await _put(run, _reliable(patient, {"url": "validationDate", "valueDate": "2026-05-04"}))
        run.check(answer.status_code == 422, "C'est refusé : le type est obligatoire", found=answer.status_code)
    async with run.step("Contrôler une carte nationale d'identité"):
        patient = run.expect(await _put(run, _reliable(patient, _checked("CN"))), 200)
        run.check(status_of(patient) == "VALI", "L'identité est validée", found=status_of(patient))
    async with run.step("Relire le dossier"):
        again = run.expect(await run.http.get(f"Patient/{patient['id']}"), 200)
        run.check(status_of(again) == "VALI", "Le statut y est, sans autre appel", found=status_of(again))
    async with run.step("Chercher les identités validées nées le même jour à Brest"):
        query = {"identity-status": "VALI", "birthplace-insee": "29019", "birthdate": day}
        found = run.expect(await run.http.get("Patient", params=query), 200)
        names = [each["resource"]["id"] for each in found.get("entry", ())]
        run.check(patient["id"] in names, "L'identité s'y trouve", found=names)


@scenario(
    "INS/va1.26",
    title="Douteuse ou fictive, une identité est provisoire et perd son INS",
    stand_ins=("insi",),
)
async def a_doubt_makes_an_identity_provisional(run: Run) -> None:
    """Un doute retire l'INS et le contrôle ; fictive exclut tout autre attribut ; homonyme ne force rien."""
    patient = await _qualified(run)
    async with run.step("Cocher homonyme"):
        ticked = _reliable(patient, *_parts(patient), _ticked("HOMA"))
        patient = run.expect(await _put(run, ticked), 200)
        run.check(status_of(patient) == "QUAL", "L'identité reste qualifiée", found=status_of(patient))
    async with run.step("Cocher fictive en plus"):
        answer = await _put(run, _reliable(patient, *_parts(patient), _ticked("FICT")))
        run.check(answer.status_code == 422, "C'est refusé", found=answer.status_code)
    async with run.step("Cocher douteuse"):
        patient = run.expect(await _put(run, _reliable(patient, *_parts(patient), _ticked("DOUT"))), 200)
        run.check(status_of(patient) == "PROV", "L'identité est provisoire", found=status_of(patient))
        run.check(_uses(patient) == ["old"], "L'INS est gardé comme ancien", found=_uses(patient))
    async with run.step("Décocher douteuse"):
        without = [each for each in _parts(patient) if "DOUT" not in str(each)]
        patient = run.expect(await _put(run, _reliable(patient, *without)), 200)
        run.check(status_of(patient) == "PROV", "Elle reste provisoire", found=status_of(patient))


@scenario(
    "INS/va1.27",
    "INS/va1.32",
    title="Les traits d'une identité qualifiée sont verrouillés, et son histoire gardée",
    stand_ins=("insi",),
)
async def strict_traits_are_locked(run: Run) -> None:
    """Changer un trait strict est refusé, sauf à dire que l'INS se perd ; qui, quand et pourquoi restent."""
    patient = await _qualified(run)
    renamed = {**patient, "name": [{**patient["name"][0], "family": "KERMAREC"}, *patient["name"][1:]]}
    async with run.step("Changer le nom de naissance"):
        answer = await _put(run, renamed)
        run.check(answer.status_code == 422, "C'est refusé", found=answer.status_code)
        run.check("PROV" in answer.text, "Il est dit quel statut en résulterait", found=answer.text)
    async with run.step("Changer l'adresse"):
        patient = run.expect(await _put(run, {**patient, "address": [{"city": "BREST"}]}), 200)
        run.check(status_of(patient) == "QUAL", "L'identité reste qualifiée", found=status_of(patient))
    async with run.step("Changer le nom de naissance en disant que l'identité devient provisoire"):
        parts = [_said("PROV"), *(each for each in _parts(patient) if each["url"] != "identityStatus")]
        patient = run.expect(await _put(run, _reliable(renamed, *parts)), 200)
        run.check(status_of(patient) == "PROV" and _uses(patient) == ["old"], "L'INS est perdu, et gardé comme ancien")
    async with run.step("Lire l'histoire"):
        history = run.expect(await run.http.get(f"Patient/{patient['id']}/_history"), 200)
        statuses = [status_of(each["resource"]) for each in history["entry"]]
        run.check(statuses == ["PROV", "QUAL", "QUAL", "VALI"], "Chaque statut y est", found=statuses)
        event = _told(patient, "event")
        run.check(event == "traits-edited", "Avec ce qui est arrivé", found=event)
        provenances = run.expect(await run.http.get("Provenance", params={"target": f"Patient/{patient['id']}"}), 200)
        run.check(len(provenances.get("entry", ())) == 4, "Avec qui, et quand, pour chaque version")


@scenario("INS/va1.15", "INS/va1.32", title="Une base existante est reprise avec ses INS, par qui en a le droit")
async def an_existing_base_is_brought_in(run: Run) -> None:
    """Le logiciel de reprise (USAGER_IDENTITY_MIGRATOR) apporte un INS et sa provenance ; l'identité le dit."""
    birth = a_birth(run)
    ins = {"use": "official", "system": SYSTEM, "value": birth.matricule}
    evidence = [
        {"url": "source", "valueCode": "migration"},
        {"url": "matricule", "valueIdentifier": {"system": SYSTEM, "value": birth.matricule}},
        {"url": "moment", "valueInstant": "2026-01-05T09:00:00Z"},
    ]
    async with run.step("Reprendre une identité qualifiée d'une base existante"):
        sent = _reliable(_typed(birth.date), _checked("CN")) | {"identifier": [ins]}
        sent["extension"].append({"url": EVIDENCE, "extension": evidence})
        patient = run.expect(await _sent(run, sent), 201)
        run.check(status_of(patient) == "QUAL", "Elle est qualifiée", found=status_of(patient))
        run.check(
            _told(patient, "source") == "migration", "Elle dit d'où vient son INS", found=_told(patient, "source")
        )
        run.check(_told(patient, "event") == "migrated", "Et ce qui est arrivé", found=_told(patient, "event"))
    async with run.step("Reprendre la même une seconde fois"):
        answer = await _sent(run, sent)
        run.check(answer.status_code == 409, "C'est refusé : un INS est celui d'un seul dossier", found=answer.text)


@scenario(
    "INS/va1.27", title="Lue dans l'Appli carte Vitale, une identité est qualifiée sans INSi", stand_ins=("insi",)
)
async def the_vitale_app_qualifies(run: Run) -> None:
    """Le logiciel qui lit l'application donne traits et matricule ; comparés, puis acceptés en un appel."""
    insi, birth = await run.stand_in("insi"), a_birth(run)
    async with run.step("Créer une identité, puis lire l'Appli carte Vitale de la personne"):
        await insi.reset()
        patient = run.expect(await _sent(run, _typed(birth.date)), 201)
        answer = await run.http.post(f"Patient/{patient['id']}/$vitale-app-read", json=_read_in_app(birth))
        found = run.expect(answer, 200)
        run.check("comparison" in str(found), "La lecture est comparée trait par trait")
        kept = run.expect(await run.http.get(f"Patient/{patient['id']}"), 200)
        run.check(status_of(kept) == "PROV", "Rien n'est encore changé", found=status_of(kept))
    async with run.step("Accepter la lecture"):
        patient = run.expect(
            await asked(run, f"Patient/{kept['id']}/$ins-accept", answer=run.value(found, "answer")), 200
        )
        run.check(status_of(patient) == "QUAL", "L'identité est qualifiée", found=status_of(patient))
        run.check(_told(patient, "source") == "appli-carte-vitale", "Elle dit d'où vient son INS")
        about = [it for it in await insi.received() if "KERMARREC" in it.get("body", "")]
        run.check(about == [], "INSi n'a pas été appelé", found=len(about))


@scenario(
    *("INS/va1.44", "INS/va1.46", "INS/va1.52", "INS/va1.54", "P-INS-14", "P-INS-16"),
    title="Il est dit par où une identité peut partir, et avec quoi",
    stand_ins=("insi",),
)
async def who_may_receive_what(run: Run) -> None:
    """Le DMP demande une identité qualifiée, la MSSanté des professionnels non ; une identité fictive ne part pas."""
    patient = await _qualified(run)
    async with run.step("Demander par où l'identité qualifiée peut partir"):
        told = run.expect(await run.http.get(f"Patient/{patient['id']}/$diffusion"), 200)
        run.check(all(allowed and ins for allowed, ins in _channels(told).values()), "Par tout, avec son INS")
        address = str(run.value(told, "citizen-address"))
        run.check(address.endswith("@patient.mssante.fr"), "Son adresse de MSSanté citoyenne est donnée", found=address)
    async with run.step("Demander par où une identité provisoire peut partir"):
        patient = run.expect(await _sent(run, _typed(a_birth(run).date)), 201)
        told = run.expect(await run.http.get(f"Patient/{patient['id']}/$diffusion"), 200)
        channels = _channels(told)
        run.check(channels["dmp"] == (False, False), "Pas par le DMP", found=channels["dmp"])
        run.check(channels["mssante-professional"] == (True, False), "Aux professionnels par MSSanté, sans INS")
        run.check(channels["mssante-citizen"] == (False, False), "Pas à la personne", found=channels)
        run.check("Qualifier l'INS" in str(told), "Il est dit quoi faire")
    async with run.step("Cocher fictive"):
        patient = run.expect(await _put(run, _reliable(patient, _ticked("FICT"))), 200)
        channels = _channels(run.expect(await run.http.get(f"Patient/{patient['id']}/$diffusion"), 200))
        outside = [allowed for channel, (allowed, _) in channels.items() if channel != "document"]
        run.check(not any(outside), "Elle ne part par aucune voie", found=channels)


@scenario(
    *("INS/va1.47", "INS/va1.48", "INS/va1.50", "INS/va1.51", "INS/va1.56", "P-INS-15"),
    title="Un document porte l'INS d'une identité qualifiée, et d'elle seule",
    stand_ins=("insi",),
)
async def a_document_bears_a_qualified_ins_only(run: Run) -> None:
    """Le même document, avant et après la perte de l'INS : en-tête CDA, bloc d'identité et datamatrix."""
    patient = await _qualified(run)
    matricule = next(each["value"] for each in patient["identifier"] if each.get("system") == SYSTEM)
    async with run.step("Produire le document d'une identité qualifiée"):
        document = await _produced(run, patient)
        run.attach("qualifiee.xml", document, "Le document d'une identité qualifiée")
        run.check(f'extension="{matricule}"' in document, "L'en-tête porte le matricule")
        run.check(f'root="{NIR}"' in document, "Avec son OID")
    async with run.step("L'imprimer"):
        pdf = await _printed(run, patient)
        run.attach("qualifiee.pdf", pdf, "Le document imprimé d'une identité qualifiée, avec son datamatrix INS")
        run.check(pdf.count(IMAGE) == 1, "Le datamatrix INS y est", found=pdf.count(IMAGE))
    async with run.step("Cocher douteuse, et produire le document de nouveau"):
        patient = run.expect(await _put(run, _reliable(patient, *_parts(patient), _ticked("DOUT"))), 200)
        document = await _produced(run, patient)
        run.attach("provisoire.xml", document, "Le document de la même personne, provisoire")
        run.check(matricule not in document, "L'en-tête ne porte plus de matricule")
        run.check("KERMARREC" in document, "Il porte toujours les traits")
    async with run.step("L'imprimer"):
        pdf = await _printed(run, patient)
        run.attach("provisoire.pdf", pdf, "Le document imprimé de la même personne, provisoire")
        run.check(pdf.count(IMAGE) == 0, "Aucun datamatrix n'y est", found=pdf.count(IMAGE))


def _typed(day: str, *, first: str = "JEANNE", place: tuple[str, str] | None = ("29019", "Brest")) -> Tree:
    """Return an identity as a front end types it; place is the code and the label of a commune or country."""
    listed = {"url": f"{EXTENSIONS}/fr-core-patient-birth-list-given-name", "valueString": "JEANNE MARIE"}
    made: Tree = {
        "resourceType": "Patient",
        "meta": {"profile": [f"{EXTENSIONS}/fr-core-patient"]},
        "name": [{"extension": [listed], "use": "official", "family": "KERMARREC", "given": [first]}],
        "gender": "female",
        "birthDate": day,
    }
    if place is not None:
        coding = {"system": COMMUNES, "code": place[0]}
        born = {
            "extension": [{"url": f"{EXTENSIONS}/fr-core-address-insee-code", "valueCoding": coding}],
            "city": place[1],
        }
        made["extension"] = [
            {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": born}
        ]
    return made


def _read_in_app(birth: Birth) -> Tree:
    """Return what the Appli carte Vitale says of the person of `_typed`."""
    texts = {"birthName": "KERMARREC", "givenNames": "JEANNE MARIE", "gender": "female", "birthPlace": "29019"}
    parts = [{"name": name, "valueString": text} for name, text in {**texts, "birthDate": birth.date}.items()]
    matricule = {"name": "matricule", "valueIdentifier": {"system": SYSTEM, "value": birth.matricule}}
    return {"resourceType": "Parameters", "parameter": [matricule, *parts]}


async def _qualified(run: Run) -> Tree:
    """Return a qualified identity, with the number of the home it is known under."""
    birth = a_birth(run)
    local = {
        "use": "usual",
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "PI"}]},
        "system": f"urn:oid:1.2.250.1.71.4.2.2.1{a_finess(run)}",
        "value": run.unique("D"),
    }
    typed = _reliable(_typed(birth.date), _checked("CN")) | {"identifier": [local]}
    return await qualified(run, typed, birth.matricule)


async def _produced(run: Run, patient: Tree) -> str:
    """Return the CDA of a letter about a person of this server."""
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": _letter(run, patient)}
    answer = await run.http.post("$fhir-to-cda", json=bundle, headers={"Accept": "application/xml"})
    run.require(answer.status_code == 200, "Le document est produit", found=f"{answer.status_code} {answer.text}")
    return answer.text


async def _printed(run: Run, patient: Tree) -> bytes:
    """Return the print of a Composition about a person of this server."""
    *entries, letter = [each["resource"] for each in _letter(run, patient)]
    names = [each["fullUrl"] for each in _letter(run, patient)]
    context = letter["context"]
    for each in entries:
        if each["resourceType"] == "Organization":
            each["type"] = [context["practiceSetting"]]
        if each["resourceType"] == "Encounter":
            each["contained"] = [{"resourceType": "Location", "id": "lieu", "type": [context["facilityType"]]}]
            each["location"] = [{"location": {"reference": "#lieu"}}]
    text = {
        "status": "generated",
        "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Marche avec une canne.</p></div>',
    }
    composition = {
        "resourceType": "Composition",
        "status": "final",
        **{name: letter[name] for name in ("type", "subject", "date", "author", "custodian")},
        "title": "Lettre de liaison",
        "encounter": context["encounter"][0],
        "attester": [{"mode": "legal", "time": letter["date"], "party": letter["authenticator"]}],
        "section": [{"title": "Situation", "text": text}],
    }
    sent = [
        {"fullUrl": name, "resource": each, "request": _creation(each)}
        for name, each in zip(names, [*entries, composition], strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": sent}
    stored = run.expect(await run.http.post("", json=bundle), 200, "Le document est enregistré")
    address = str(stored["entry"][-1]["response"]["location"]).partition("/_history/")[0]
    answer = await run.http.get(f"{address}/$document", params={"format": "pdf"}, headers={"Accept": "application/pdf"})
    run.require(answer.status_code == 200, "Le document s'imprime", found=f"{answer.status_code} {answer.text[:300]}")
    return answer.content


def _creation(resource: Tree) -> Tree:
    """Return the request that creates a resource; a professional is whoever bears their number already."""
    request = {"method": "POST", "url": resource["resourceType"]}
    if resource["resourceType"] != "Practitioner":
        return request
    number = resource["identifier"][0]
    return request | {"ifNoneExist": f"identifier={number['system']}|{number['value']}"}


def _letter(run: Run, patient: Tree) -> list[Tree]:
    """Return the entries of the letter, about a person of this server, from a home of its own; the letter is last."""
    letter = json.loads(files("usager_server.documents").joinpath("letter.json").read_text("utf-8"))
    person = letter["entry"].pop(0)["fullUrl"]
    text = json.dumps(letter["entry"]).replace(person, f"Patient/{patient['id']}").replace("750000999", a_finess(run))
    found: list[Tree] = json.loads(text)
    return found


async def _sent(run: Run, patient: Tree) -> httpx.Response:
    return await run.http.post("Patient", json=patient)


async def _put(run: Run, patient: Tree) -> httpx.Response:
    return await run.http.put(f"Patient/{patient['id']}", json=patient)


def _reliable(patient: Tree, *parts: Tree) -> Tree:
    """Return a Patient with these parts of reliability, and no others."""
    others = [each for each in patient.get("extension", ()) if each["url"] != RELIABILITY]
    return {**patient, "extension": [*others, {"url": RELIABILITY, "extension": list(parts)}]}


def _parts(patient: Tree, url: str = RELIABILITY) -> list[Tree]:
    return [part for each in patient.get("extension", ()) if each["url"] == url for part in each["extension"]]


def _said(code: str) -> Tree:
    return {"url": "identityStatus", "valueCoding": _coding("identity-status", code)}


def _checked(code: str) -> Tree:
    return {"url": "validationMode", "valueCoding": _coding("mode-validation-identity", code)}


def _ticked(code: str) -> Tree:
    return {"url": "comment", "valueCoding": _coding("identity-status-comment", code)}


def _coding(system: str, code: str) -> Tree:
    return {"system": f"{FR_CORE}/CodeSystem/fr-core-cs-{system}", "code": code}


def _told(patient: Tree, name: str) -> str:
    """Return what the server says beside the status: next, event."""
    parts = {each["url"]: each for each in _parts(patient, EVIDENCE)}
    return str(parts.get(name, {}).get("valueString") or parts.get(name, {}).get("valueCode"))


def _uses(patient: Tree) -> list[str]:
    return [each["use"] for each in patient.get("identifier", ()) if each.get("system") == SYSTEM]


def _channels(told: Tree) -> dict[str, tuple[bool, bool]]:
    """Return whether each channel is allowed, and with the INS."""
    found = {}
    for each in told["parameter"]:
        if each["name"] == "diffusion":
            values = {
                part["name"]: next(value for key, value in part.items() if key != "name") for part in each["part"]
            }
            found[values["channel"]] = (values["allowed"], values["with-ins"])
    return found
