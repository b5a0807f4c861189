"""The scenarios of persons: found again in spite of what happens to names and dates."""

from typing import Any

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

BORN = "1951-03-12"
TEST_INS = "urn:oid:1.2.250.1.213.1.4.10"


def invented_name(run: Run, beginning: str) -> str:
    """Return a family name that nobody bears: letters only, as names are."""
    return beginning + "".join(chr(ord("A") + int(each, 16)) for each in run.unique("").split("-")[1])


def person(family: str, **more: Any) -> dict[str, Any]:
    """Return a woman of that birth name."""
    names = [{"use": "official", "family": family, "given": ["MAËLLE-ANNE"]}, *more.pop("names", ())]
    return {"resourceType": "Patient", "name": names, "gender": "female", "birthDate": BORN, **more}


@scenario("SENTINELLE.05", "SC.INS.19", title="Une identité locale se retrouve par chacun de ses traits")
async def an_identity_is_found_again(run: Run) -> None:
    """Nom, prénom et date de naissance se cherchent séparément, en partie, sans accents ni tirets."""
    birth, used, number = invented_name(run, "KERGUÉ-"), invented_name(run, "TRÉGA"), run.identifier()
    matricule = {"use": "temp", "system": TEST_INS, "value": "275126322074974"}
    usual = {"use": "usual", "family": used, "given": ["ANNE"]}
    async with run.step("Créer l'identité"):
        body = person(birth, names=[usual], identifier=[{**number, "use": "usual"}, matricule])
        made = run.expect(await run.http.post("Patient", json=body), 201)
    searches = {
        "le nom de naissance, sans accent ni tiret": {"family": birth.replace("É", "e").replace("-", " ").lower()},
        "le début du nom utilisé": {"family": used[:-3]},
        "le nom de naissance, un prénom et la date de naissance": {
            "family": birth,
            "given": "maelle",
            "birthdate": BORN,
        },
        "un fragment du nom": {"family:contains": birth[8:]},
        "l'identifiant local": {"identifier": number["value"]},
        "le matricule INS et la date de naissance": {
            "identifier": matricule["value"],
            "birthdate": BORN,
            "family": birth,
        },
    }
    for name, query in searches.items():
        async with run.step(f"Chercher par {name}"):
            answer = run.expect(await run.http.get("Patient", params=query), 200)
            found = [entry["resource"]["id"] for entry in answer.get("entry", ())]
            run.check(found == [made["id"]], "L'identité est trouvée, et elle seule", found=found)


@scenario("SENTINELLE.05", "SC.INS.19", title="Avant de créer une identité, les dossiers ressemblants sont proposés")
async def those_alike_are_offered(run: Run) -> None:
    """Nom mal orthographié, nom et prénom ou jour et mois intervertis : le dossier est proposé, et pourquoi."""
    birth = invented_name(run, "MARZIN")
    async with run.step("Créer l'identité"):
        made = run.expect(await run.http.post("Patient", json=person(birth)), 201)
    slips = {
        "une lettre de trop dans le nom": (person(f"{birth}Q"), "family", "une lettre d'écart"),
        "le nom et le prénom intervertis": (
            {**person(birth), "name": [{"use": "official", "family": "MAËLLE ANNE", "given": [birth]}]},
            "family",
            "intervertis",
        ),
        "le jour et le mois intervertis": ({**person(birth), "birthDate": "1951-12-03"}, "birthDate", "intervertis"),
        "un seul des deux prénoms": (
            {**person(birth), "name": [{"use": "official", "family": birth, "given": ["Maelle"]}]},
            "given",
            "une partie",
        ),
    }
    for name, (sought, trait, why) in slips.items():
        async with run.step(f"Chercher les dossiers ressemblants avec {name}"):
            parameters = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": sought}]}
            answer = run.expect(await run.http.post("Patient/$match", json=parameters), 200)
            entry = next((it for it in answer.get("entry", ()) if it["resource"]["id"] == made["id"]), None)
            run.require(entry is not None, "Le dossier est proposé")
            told = told_of(entry or {})
            run.check(why in told.get(trait, ""), "La raison est donnée en français", found=told)
            run.check("probable" in told.values(), "Le dossier est dit probable", found=told)


def told_of(entry: dict[str, Any]) -> dict[str, str]:
    """Return the grade of an entry, and its reasons by trait."""
    told = {}
    for extension in entry["search"]["extension"]:
        parts = extension.get("extension")
        trait = parts[0]["valueCode"] if parts else "grade"
        told[trait] = parts[2]["valueString"] if parts else extension["valueCode"]
    return told


@scenario("SENTINELLE.07", title="À la création d'une identité, un homonyme est signalé")
async def a_namesake_is_told(run: Run) -> None:
    """L'identité créée est provisoire ; le dossier de mêmes nom, prénom, sexe et date de naissance est signalé."""
    birth = invented_name(run, "GUIVARC")
    async with run.step("Chercher l'identité avant de la créer"):
        query = {"family": birth, "given": "MAËLLE", "birthdate": BORN}
        answer = run.expect(await run.http.get("Patient", params=query), 200)
        run.check(not answer.get("entry"), "Aucune identité ne correspond")
    async with run.step("Créer l'identité"):
        first = run.expect(await run.http.post("Patient", json=person(birth)), 201)
    async with run.step("Créer une seconde identité de mêmes traits"):
        prefer = {"Prefer": "return=OperationOutcome"}
        answer = await run.http.post("Patient", json=person(birth.lower()), headers=prefer)
        outcome = run.expect(answer, 201, "L'identité est créée : un homonyme n'est pas une faute")
        told = [it["diagnostics"] for it in outcome["issue"] if it["code"] == "duplicate"]
        run.check(told and first["id"] in told[0], "L'homonyme est nommé, et ce qu'il faut faire", found=told)
        run.check(first["id"] in answer.headers.get("Warning", ""), "L'en-tête Warning le nomme aussi")


@scenario("SC.INS.19", title="Deux dossiers d'une même personne fusionnent, et se séparent de nouveau")
async def two_records_are_merged(run: Run) -> None:
    """Ce qui se rapporte au double se rapporte au dossier gardé ; rien n'est supprimé ; la fusion se défait."""
    birth = invented_name(run, "PLOUZEN")
    async with run.step("Créer deux dossiers de la même personne, et une observation sur le second"):
        kept = run.expect(await run.http.post("Patient", json=person(birth)), 201)["id"]
        double = run.expect(await run.http.post("Patient", json=person(birth)), 201)["id"]
        weight = {"resourceType": "Observation", "status": "final", "code": {"text": "poids"}}
        body = {**weight, "subject": {"reference": f"Patient/{double}"}}
        made = run.expect(await run.http.post("Observation", json=body), 201)["id"]
    parts: list[dict[str, Any]] = [{"name": "source-patient", "valueReference": {"reference": f"Patient/{double}"}}]
    target: dict[str, Any] = {"name": "target-patient", "valueReference": {"reference": f"Patient/{kept}"}}
    async with run.step("Demander un aperçu de la fusion"):
        preview = [*parts, target, {"name": "preview", "valueBoolean": True}]
        run.expect(await run.http.post("Patient/$merge", json=_parameters(preview)), 200)
        run.check(await _subject(run, made) == f"Patient/{double}", "Rien n'est changé")
    async with run.step("Fusionner"):
        run.expect(await run.http.post("Patient/$merge", json=_parameters([*parts, target])), 200)
        run.check(await _subject(run, made) == f"Patient/{kept}", "L'observation est au dossier gardé")
        gone = run.expect(await run.http.get(f"Patient/{double}"), 200)
        run.check(gone["active"] is False, "Le double est inactif, et reste lisible")
    async with run.step("Défaire la fusion"):
        run.expect(await run.http.post(f"Patient/{kept}/$unmerge", json=_parameters(parts)), 200)
        run.check(await _subject(run, made) == f"Patient/{double}", "L'observation est rendue à son dossier")
        back = run.expect(await run.http.get(f"Patient/{double}"), 200)
        run.check(back.get("active") is not False and "link" not in back, "Le dossier est ce qu'il était", found=back)


async def _subject(run: Run, observation: str) -> str:
    answer = run.expect(await run.http.get(f"Observation/{observation}"), 200)
    return str(answer["subject"]["reference"])


def _parameters(parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": parts}
