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
