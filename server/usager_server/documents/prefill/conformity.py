"""The scenarios of prefilled documents: prefilled, changed by a person, stored, produced, validated, read again."""

import json
from importlib.resources import files
from string import Template
from typing import Any

from usager_server.conformity.people import a_birth, a_finess
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

Tree = dict[str, Any]

AS_CDA = {"Accept": "application/xml"}
AS_PDF = {"Accept": "application/pdf"}
CDA = {"Content-Type": "application/xml"}
PROBLEMS, ALERTS, HABITS = "11450-4", "44944-7", "29762-2"
TEMPLATES = {
    "ips-fr": "1.2.250.1.213.1.1.1.51",
    "ft-su": "1.2.250.1.213.1.1.1.61",
    "vac-note": "1.2.250.1.213.1.1.1.46",
    "trod": "1.2.250.1.213.1.1.1.59",
}
VACCINE_BOX = "(01)03400932857241(17)271231(10)Y3B541M"
TEST_BOX = "(01)03400000000012(17)271231(10)K4471"


@scenario("SC.DOC.03", "P-DOC-05", title="Un document est prérempli, et chaque valeur se modifie ou se retire")
async def a_document_is_prefilled_and_changed(run: Run) -> None:
    """La synthèse médicale reprend le dossier ; un problème est reformulé, le mode de vie retiré ; le document suit."""
    people = await _record(run)
    async with run.step("Préremplir la synthèse médicale"):
        draft = await _prefilled(run, people, "ips-fr")
        problems = _section(draft, PROBLEMS)["entry"]
        run.check(len(problems) == 1, "Le problème en cours est repris", found=len(problems))
        run.check(_section(draft, HABITS)["entry"], "Le mode de vie est repris")
        empty = [each["title"] for each in _sections(draft) if "emptyReason" in each]
        run.check(empty, "Une rubrique sans information le dit, sans rien affirmer", found=empty)
    words = run.unique("Hypothyroïdie stable")
    async with run.step("Reformuler le problème, retirer le mode de vie"):
        entry = _entry(draft, problems[0]["reference"])
        entry["resource"]["code"]["text"] = words
        entry["request"] = {"method": "PUT", "url": entry["request"]["url"], "ifMatch": entry["request"]["ifNoneMatch"]}
        _sections(draft).remove(_section(draft, HABITS))
        composition = await _stored(run, draft)
    document = await _produced(run, composition, "ips-fr")
    async with run.step("Lire le document produit"):
        run.check(words in document, "Le problème y est tel que le professionnel l'a reformulé")
        run.check('code="72166-2"' not in document, "Ce qui a été retiré n'y est pas")
    async with run.step("Obtenir le PDF du même document"):
        answer = await run.http.get(f"Composition/{composition}/$document", params={"format": "pdf"}, headers=AS_PDF)
        run.require(answer.content.startswith(b"%PDF-1.4"), "C'est un PDF", found=answer.content[:8])
        run.attach("synthese-medicale.pdf", answer.content, "Le PDF de la synthèse médicale")


@scenario("TROD.01", "TROD.02", title="L'attestation d'un test rapide est préremplie et produite en N3")
async def a_rapid_test_is_attested(run: Run) -> None:
    """Les résultats du dossier et la boîte scannée remplissent l'attestation ; le professionnel la complète."""
    people = await _record(run)
    async with run.step("Préremplir l'attestation depuis les résultats et la boîte du test"):
        draft = await _prefilled(run, people, "trod", datamatrix=TEST_BOX)
        asked = _remarks(draft)
        run.check("Composition.event.code" in asked, "Il est dit ce qui reste à compléter", found=asked)
        report = _entry(draft, _sections(draft)[0]["entry"][0]["reference"])["resource"]
        run.check(len(report["result"]) == 2, "Les deux résultats du jour sont repris", found=len(report["result"]))
    async with run.step("Compléter : ce qui était recherché"):
        composition = draft["entry"][0]["resource"]
        sought = {"system": "http://hl7.org/fhir/sid/icd-10", "code": "J10", "display": "Grippe saisonnière"}
        composition["event"][0]["code"] = [{"coding": [sought]}]
        stored = await _stored(run, draft)
    document = await _produced(run, stored, "trod")
    async with run.step("Lire l'attestation"):
        for code, what in (("94558-4", "Le test du SARS-CoV-2"), ("80382-5", "Le test de la grippe A")):
            run.check(f'code="{code}"' in document, f"{what} y est codé")
        run.check(TEST_BOX in document, "Le dispositif y est identifié par sa boîte")
        run.check('code="J10"' in document, "Ce qui était recherché y est codé")


@scenario("MS.VACC/NOTE.07", "SC.CDA/DD.23", title="La note de vaccination se remplit depuis la boîte du vaccin")
async def a_vaccination_is_noted_from_its_box(run: Run) -> None:
    """Le DataMatrix de la boîte donne le vaccin, le lot et la péremption ; la note est produite en N3."""
    people = await _record(run)
    async with run.step("Préremplir la note depuis la boîte scannée"):
        draft = await _prefilled(run, people, "vac-note", datamatrix=VACCINE_BOX)
        given = _vaccination(draft)
        codes = {coding["code"] for coding in given["vaccineCode"]["coding"]}
        run.check({"68747507", "J07AM"} <= codes, "Le vaccin est reconnu (CIS, ATC)", found=codes)
        run.check(given["lotNumber"] == "Y3B541M", "Le lot est celui de la boîte", found=given["lotNumber"])
        run.check(given["expirationDate"] == "2027-12-31", "La péremption aussi", found=given["expirationDate"])
    async with run.step("Compléter : la voie d'administration"):
        route = {"system": "http://standardterms.edqm.eu", "code": "20035000", "display": "Voie intramusculaire"}
        given["route"] = {"coding": [route]}
        stored = await _stored(run, draft)
    document = await _produced(run, stored, "vac-note")
    async with run.step("Lire la note"):
        for text, what in (("68747507", "Le vaccin"), ("Y3B541M", "Le lot"), ("20035000", "La voie")):
            run.check(text in document, f"{what} y est")


@scenario("MS.VACC/NOTE.07", title="Sans lecteur ni base, le vaccin se cherche par maladie et par nom")
async def a_vaccine_is_searched(run: Run) -> None:
    """Le jeu de valeurs intégré propose les vaccins d'une maladie ; le nom choisi remplit la note, le lot se saisit."""
    people = await _record(run)
    async with run.step("Chercher par maladie"):
        told = await _prefilled(run, people, "vac-note", vaccine="tétanos")
        proposed = [text for text in _messages(told) if text.startswith("Vaccin possible")]
        run.check(
            any("REVAXIS" in text for text in proposed), "Les vaccins de la maladie sont proposés", found=proposed
        )
    async with run.step("Choisir un vaccin par son nom"):
        draft = await _prefilled(run, people, "vac-note", vaccine="revaxis")
        given = _vaccination(draft)
        run.check(given["vaccineCode"]["coding"][0]["code"] == "60917345", "Le vaccin est reconnu")
        run.check("Immunization.lotNumber" in _remarks(draft), "Le lot est demandé", found=_remarks(draft))
    async with run.step("Saisir le lot, puis enregistrer"):
        given["lotNumber"] = "LOT-A1"
        stored = await _stored(run, draft)
    document = await _produced(run, stored, "vac-note")
    async with run.step("Lire la note"):
        run.check("60917345" in document and "LOT-A1" in document, "Le vaccin choisi et le lot saisi y sont")


@scenario("MS.CDA/FTSU.01", "P-DLU-04", title="La fiche de transfert aux urgences est préremplie et produite en N3")
async def a_transfer_sheet_is_made(run: Run) -> None:
    """Les constantes viennent du dossier ; qui est là coche le reste, écrit le motif et l'état de conscience."""
    people = await _record(run)
    async with run.step("Préremplir la fiche de transfert"):
        draft = await _prefilled(run, people, "ft-su")
        lines = _section(draft, "ORG-213")["entry"]
        run.check(len(lines) == 4, "Les personnes et structures à informer attendent une réponse", found=len(lines))
        run.check(_section(draft, "8716-3")["entry"], "Les dernières constantes sont reprises")
    async with run.step("Compléter : Centre 15 prévenu, motif, conscience"):
        line = _entry(draft, lines[0]["reference"])["resource"]
        del line["dataAbsentReason"]
        line["valueBoolean"] = True
        _write(_section(draft, "42349-1"), "Chute dans sa chambre, douleur de la hanche gauche.")
        _section(draft, "46006-3")["entry"].append({"reference": _awake(draft, people)})
        stored = await _stored(run, draft)
    document = await _produced(run, stored, "ft-su")
    async with run.step("Lire la fiche"):
        run.check("douleur de la hanche gauche" in document, "Le motif y est")
        run.check('code="MED-1301"' in document, "L'état de conscience y est codé")


@scenario("LGC.MDV.04", "P-DLU-02", title="La synthèse médicale est tenue à jour, version après version")
async def a_summary_is_kept_up(run: Run) -> None:
    """Un an après, la synthèse est préremplie depuis la précédente et le dossier : même document, version suivante."""
    people = await _record(run)
    words = run.unique("Refuse les contentions")
    async with run.step("Préremplir la synthèse, écrire un point de vigilance, l'enregistrer"):
        draft = await _prefilled(run, people, "ips-fr")
        _write(_section(draft, ALERTS), words)
        before = await _stored(run, draft)
    first = await _produced(run, before, "ips-fr")
    async with run.step("Un problème nouveau entre au dossier"):
        concept = {
            "coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "M54.5", "display": "Lombalgie basse"}]
        }
        problem = {"resourceType": "Condition", "code": concept, "subject": {"reference": people["Patient"]}}
        run.expect(await run.http.post("Condition", json=problem), 201)
    async with run.step("Préremplir la version suivante"):
        draft = await _prefilled(run, people, "ips-fr")
        composition = draft["entry"][0]["resource"]
        replaced = composition["relatesTo"][0]["targetReference"]["reference"]
        run.check(replaced == f"Composition/{before}", "Elle remplace la précédente", found=replaced)
        run.check(words in _section(draft, ALERTS)["text"]["div"], "Ce qu'une personne a écrit est gardé")
        run.check(len(_section(draft, PROBLEMS)["entry"]) == 2, "Le problème nouveau est ajouté")
        run.check(any("ajouté" in text for text in _messages(draft)), "Et il est dit qu'il l'est")
        after = await _stored(run, draft)
    second = await _produced(run, after, "ips-fr")
    async with run.step("Comparer les deux versions"):
        run.check(_tag(first, "setId") == _tag(second, "setId"), "C'est le même document (setId)")
        run.check('<versionNumber value="2"/>' in second, "C'est sa version 2")
        run.check('typeCode="RPLC"' in second, "Elle dit remplacer la précédente")
        run.check(words in second and "Lombalgie basse" in second, "L'ancien et le nouveau y sont")
    async with run.step("Lister les synthèses de l'usager"):
        query = {"patient": people["Patient"], "type": "74207-2", "status": "current"}
        found = run.expect(await run.http.get("DocumentReference", params=query), 200)
        run.check(len(found.get("entry", ())) == 1, "Une seule est en vigueur", found=len(found.get("entry", ())))


async def _record(run: Run) -> dict[str, str]:
    """Store the record of an invented person; return the references of who is in it, by type."""
    text = files(__package__).joinpath("conformity.json").read_text("utf-8")
    async with run.step("Enregistrer le dossier d'une personne inventée"):
        birth = a_birth(run)
        told = {"number": run.unique("D"), "birth_date": birth.date, "matricule": birth.matricule}
        bundle = json.loads(Template(text).substitute(told, finess=a_finess(run)))
        made = run.expect(await run.http.post("", json=bundle), 200)
    places = [each["response"]["location"].split("/_history")[0] for each in made["entry"]]
    return {place.partition("/")[0]: place for place in reversed(places)}


async def _prefilled(run: Run, people: dict[str, str], kind: str, **parameters: str) -> Tree:
    query = {"type": kind, "author": people["PractitionerRole"], **parameters}
    found: Tree = run.expect(await run.http.get(f"{people['Patient']}/$prefill", params=query), 200)
    return found


async def _stored(run: Run, draft: Tree) -> str:
    """Store a document that is ready; return the id of its Composition."""
    draft["entry"][0]["resource"]["status"] = "final"
    made = run.expect(await run.http.post("", json=draft), 200, "Le document est enregistré")
    place: str = made["entry"][0]["response"]["location"]
    return place.split("/")[1]


async def _produced(run: Run, composition: str, kind: str) -> str:
    """Produce and file the document, have it validated, and read it again."""
    async with run.step("Produire le document et le ranger"):
        query = {"persist": "true", "format": "cda"}
        answer = await run.http.post(f"Composition/{composition}/$document", params=query, headers=AS_CDA)
        run.require(answer.status_code == 200, "Le document est produit", found=f"{answer.status_code} {answer.text}")
        run.check(TEMPLATES[kind] in answer.text, "C'est un N3 de son modèle")
        run.attach(f"{kind}.xml", answer.content, "Le document CDA produit")
    async with run.step("Le valider"):
        outcome = run.expect(await run.http.post("$cda-validate", content=answer.content, headers=CDA), 200)
        errors = [each["diagnostics"] for each in outcome["issue"] if each["severity"] in ("error", "fatal")]
        run.check(not errors, "Aucune erreur", found=errors)
    async with run.step("Le relire"):
        again = run.expect(await run.http.post("$cda-to-fhir", content=answer.content, headers=CDA), 200)
        kinds = {entry["resource"]["resourceType"] for entry in again["entry"]}
        run.check({"Patient", "Composition", "DocumentReference"} <= kinds, "Il se relit en FHIR", found=kinds)
    return answer.text


def _sections(draft: Tree) -> list[Tree]:
    found: list[Tree] = draft["entry"][0]["resource"]["section"]
    return found


def _section(draft: Tree, code: str) -> Tree:
    return next(each for each in _sections(draft) if each["code"]["coding"][0]["code"] == code)


def _entry(draft: Tree, reference: str) -> Tree:
    found: Tree = next(each for each in draft["entry"] if each["fullUrl"].endswith(reference))
    return found


def _write(section: Tree, words: str) -> None:
    section.pop("emptyReason", None)
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{words}</p></div>'
    section["text"] = {"status": "additional", "div": div}


def _awake(draft: Tree, people: dict[str, str]) -> str:
    """Put into a draft that the person is awake."""
    full_url = "urn:uuid:00000000-0000-4000-8000-0000000000aa"
    system = "https://smt.esante.gouv.fr/fhir/CodeSystem/terminologie-cisis"
    state = {"system": system, "code": "MED-1301", "display": "Conscient et éveillé"}
    seen = {"resourceType": "Observation", "status": "final", "code": {"coding": [state]}, "valueBoolean": True}
    seen |= {"subject": {"reference": people["Patient"]}, "effectiveDateTime": draft["entry"][0]["resource"]["date"]}
    entry = {"fullUrl": full_url, "resource": seen, "request": {"method": "POST", "url": "Observation"}}
    draft["entry"].append(entry)
    return full_url


def _vaccination(draft: Tree) -> Tree:
    found: Tree = _entry(draft, _sections(draft)[0]["entry"][0]["reference"])["resource"]
    return found


def _told(draft: Tree, name: str) -> list[str]:
    parts = (part for each in draft["entry"][0].get("extension", ()) for part in each["extension"])
    return [str(part["valueString"]) for part in parts if part["url"] == name]


def _remarks(draft: Tree) -> list[str]:
    return _told(draft, "expression")


def _messages(draft: Tree) -> list[str]:
    return _told(draft, "message")


def _tag(document: str, name: str) -> str:
    return document.partition(f"<{name} ")[2].partition("/>")[0]
