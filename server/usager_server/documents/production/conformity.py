"""The scenarios of the production of documents: one source for N1, N3 and PDF, whole headers, versions."""

import base64
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from usager_server.conformity.people import a_finess
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

Resource = dict[str, Any]

LOINC = "http://loinc.org"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
OTHERS = "https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire"
SUMMARY = (LOINC, "74207-2", "Synthèse médicale")
# The types that no structured model exists for: an N1 each (CI-SIS, JDV_J07).
UNSTRUCTURED = (
    (LOINC, "83963-9", "Synthèse environnementale"),
    (LOINC, "80788-3", "Projet personnalisé"),
    (LOINC, "88348-8", "Lettre de liaison à l'entrée dans une structure sociale ou médico-sociale"),
    (LOINC, "83981-1", "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale"),
    (LOINC, "34842-5", "Evaluation médico-sociale"),
    (LOINC, "18776-5", "Plan de soins"),
    (LOINC, "57833-6", "Prescription de médicaments"),
    (OTHERS, "CERT_DECL", "Certificat, déclaration"),
    (OTHERS, "ATTEST-HEBGT", "Attestation d'hébergement"),
)
HOME = "750000999"
# The national rules of 2025 do not know it yet.
NEW_IN_2026 = "83963-9"
# What the header of an N1 must say (CI-SIS, structuration minimale), as it is found in the text of the document.
HEADER = {
    "realmCode": '<realmCode code="FR"/>',
    "le modèle (XDS-SD)": 'root="1.3.6.1.4.1.19376.1.2.20"',
    "l'identifiant": '<id root="2.25.',
    "le jeu de versions": '<setId root="2.25.',
    "la version": '<versionNumber value="1"/>',
    "la date": "<effectiveTime value=",
    "la confidentialité": '<confidentialityCode code="N"',
    "la langue": '<languageCode code="fr-FR"/>',
    "l'usager": "<recordTarget",
    "l'auteur": "<author",
    "l'organisation qui conserve": "<custodian",
    "le responsable": "<legalAuthenticator",
    "l'acte documenté": "<documentationOf",
    "le cadre d'exercice": "<standardIndustryClassCode",
    "la prise en charge": "<componentOf",
    "le secteur d'activité": "<healthCareFacility",
}
RAW = {"cda": {"Accept": "application/xml"}, "pdf": {"Accept": "application/pdf"}}
MEDIA = re.compile(rb'<(?:text|value)[^>]* mediaType="application/pdf"[^>]*>([^<]+)<')


@scenario("SC.CDA/DD.02", title="Le N1, le N3 et le PDF/A-1 d'un document ont une seule source")
async def one_source(run: Run) -> None:
    """Une synthèse médicale est produite en N3, en PDF/A-1, puis en N1 : mêmes mots, même PDF à l'octet près."""
    problem, watched = run.unique("Problème"), run.unique("Vigilance")
    async with run.step("Enregistrer une synthèse médicale"):
        address = await _summary(run, problem, watched)
    async with run.step("La produire en CDA N3"):
        cda = await _made(run, address, "cda")
        run.attach("synthese-n3.xml", cda, "Le document CDA N3")
        run.check(b"<structuredBody>" in cda, "Son corps est structuré")
        run.check(cda.count(problem.encode()) >= 2, "Le problème se lit dans le texte et dans l'entrée codée")
    async with run.step("La produire en PDF/A-1"):
        pdf = await _made(run, address, "pdf")
        run.attach("synthese.pdf", pdf, "Le PDF/A-1 du document")
        run.check(pdf.startswith(b"%PDF-1.4") and b"pdfaid" in pdf, "Le fichier se déclare PDF/A-1")
        run.check(_carried(cda) == pdf, "C'est le PDF que le N3 porte, à l'octet près")
    async with run.step("La ranger : le N3 et son PDF en un seul document"):
        document = await _kept(run, address)
        contents = [each["attachment"]["contentType"] for each in document["content"]]
        run.check(contents == ["text/xml", "application/pdf"], "Un document, deux formats", found=contents)
    async with run.step("En faire un N1 autour du même PDF"):
        around = {name: value for name, value in document.items() if name not in ("masterIdentifier", "identifier")}
        data = base64.b64encode(pdf).decode()
        title = document["content"][0]["attachment"]["title"]
        around["content"] = [{"attachment": {"contentType": "application/pdf", "title": title, "data": data}}]
        answer = await run.http.post("$fhir-to-cda", json=around, headers=RAW["cda"])
        run.require(answer.status_code == 200, "Le N1 est produit", found=f"{answer.status_code} {answer.text[:300]}")
        run.attach("synthese-n1.xml", answer.content, "Le document CDA N1")
        run.check(_carried(answer.content) == pdf, "Son corps est le même PDF, à l'octet près")
        same = all(_told(answer.content, name) == _told(cda, name) for name in ("title", "effectiveTime", "code"))
        run.check(same, "Son titre, sa date et son type sont ceux du N3")


@scenario("SC.CDA/DD.02", title="Un document produit de nouveau est une nouvelle version, jamais un document de plus")
async def one_document(run: Run) -> None:
    """Sans changement, le même document ; après un changement, la version suivante, et l'ancienne remplacée."""
    async with run.step("Produire et ranger une synthèse médicale"):
        address = await _summary(run, run.unique("Problème"), run.unique("Vigilance"))
        first = await _kept(run, address)
    async with run.step("La produire de nouveau sans rien changer"):
        again = await _kept(run, address)
        run.check(again["id"] == first["id"], "C'est le même document", found=again["id"])
    async with run.step("La modifier, puis la produire"):
        composition = run.expect(await run.http.get(address), 200)
        changed = {**composition, "title": run.unique("SYNTHESE MEDICALE")}
        run.expect(await run.http.put(address, json=changed), 200)
        second = await _kept(run, address)
        run.check(second["identifier"] == first["identifier"], "Le jeu de versions est le même")
        run.check(second["masterIdentifier"] != first["masterIdentifier"], "L'identifiant de la version est nouveau")
        replaced = [each["target"].get("identifier") for each in second["relatesTo"]]
        run.check(replaced == [first["masterIdentifier"]], "Elle remplace la version précédente", found=replaced)
    async with run.step("Lister les versions"):
        former = run.expect(await run.http.get(f"DocumentReference/{first['id']}"), 200)
        run.check(former["status"] == "superseded", "La version précédente est remplacée, et reste lisible")
        found = run.expect(await run.http.get("DocumentReference", params={"related": address}), 200)
        current = [each for each in found["entry"] if each["resource"]["status"] == "current"]
        run.check(len(current) == 1, "Un seul document est en vigueur", found=len(current))


@scenario("SC.CDA/DD.12", title="Chaque document sans modèle structuré se produit en N1, en-tête entier")
async def each_n1_has_its_header(run: Run) -> None:
    """Les documents sans modèle sont produits en N1 autour d'un PDF/A-1, avec tous les éléments d'en-tête."""
    for kind in UNSTRUCTURED:
        async with run.step(f"Produire : {kind[2]}"):
            words = run.unique("contenu")
            address = await _composition(run, kind, [_section("Situation", words)])
            cda, pdf = await _made(run, address, "cda"), await _made(run, address, "pdf")
            run.check(_carried(cda) == pdf, "Le N1 porte le PDF, à l'octet près")
            text = cda.decode()
            missing = [name for name, mark in HEADER.items() if mark not in text]
            run.check(not missing, "Son en-tête dit tout ce que le CI-SIS demande", found=", ".join(missing))
            run.check(f'<code code="{kind[1]}"' in text, "Son type est celui de la Composition")
            run.attach(f"{kind[1].lower()}.xml", cda, f"{kind[2]} (CDA N1)")


@scenario(
    *("DOC/va1.04", "DOC/va1.05", "DOC/va1.06", "DOC/va1.24"),
    title="Les documents produits respectent le CI-SIS : règles du logiciel, et règles nationales si elles sont là",
)
async def documents_are_conformant(run: Run) -> None:
    """Un N3 et des N1 sont validés : par nos règles, et par le jeu national quand l'exploitant l'a nommé."""
    async with run.step("Produire et valider : Synthèse médicale (N3)"):
        await _check_valid(run, await _summary(run, run.unique("Problème"), "Chutes"))
    for kind in UNSTRUCTURED:
        if kind[1] == NEW_IN_2026:
            continue
        async with run.step(f"Produire et valider : {kind[2]} (N1)"):
            await _check_valid(run, await _composition(run, kind, [_section("Situation", "Vu.")]))


async def _check_valid(run: Run, address: str) -> None:
    cda = await _made(run, address, "cda")
    answer = await run.http.post("$cda-validate", content=cda, headers={"Content-Type": "application/xml"})
    outcome = run.expect(answer, 200, "Le document est validé")
    errors = [each["diagnostics"] for each in outcome["issue"] if each["severity"] in ("fatal", "error")]
    run.check(not errors, "Aucune erreur", found="; ".join(errors)[:500])


async def _summary(run: Run, problem: str, watched: str) -> str:
    """Store a medical summary of one problem, and return the address of its Composition."""
    condition = {
        "resourceType": "Condition",
        "identifier": [run.identifier()],
        "clinicalStatus": {"coding": [{"system": f"{TERMINOLOGY}condition-clinical", "code": "active"}]},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "E03.9", "display": problem}]},
        "onsetDateTime": "2019",
    }
    listed: Resource = {"title": "Problèmes actifs", "code": {"coding": [{"system": LOINC, "code": "11450-4"}]}}
    listed["entry"] = [{"reference": "urn:uuid:probleme"}]
    watching = {**_section("Points de vigilance", watched), "code": {"coding": [{"system": LOINC, "code": "44944-7"}]}}
    return await _composition(run, SUMMARY, [listed, watching], [condition])


async def _composition(
    run: Run, kind: tuple[str, str, str], sections: list[Resource], others: list[Resource] | None = None
) -> str:
    """Store a Composition about the person of the letter, with the people it names, and return its address."""
    system, code, display = kind
    entries = [_entry(each["fullUrl"], each["resource"]) for each in _letter(run)["entry"]]
    letter: Resource = entries.pop()["resource"]
    place = {"resourceType": "Location", "id": "lieu", "type": [letter["context"]["facilityType"]]}
    organization = next(each["resource"] for each in entries if each["resource"]["resourceType"] == "Organization")
    organization["type"] = [letter["context"]["practiceSetting"]]
    stay = next(each["resource"] for each in entries if each["resource"]["resourceType"] == "Encounter")
    stay |= {"contained": [place], "location": [{"location": {"reference": "#lieu"}}]}
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"coding": [{"system": system, "code": code, "display": display}]},
        **{name: letter[name] for name in ("subject", "date", "author", "custodian")},
        "encounter": letter["context"]["encounter"][0],
        "title": display,
        "attester": [{"mode": "legal", "time": letter["date"], "party": letter["authenticator"]}],
        "section": sections,
    }
    entries += [_entry("urn:uuid:probleme", {**each, "subject": letter["subject"]}) for each in others or ()]
    entries.append(_entry("urn:uuid:composition", composition))
    answer = await run.http.post("", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
    stored = run.expect(answer, 200, "Le document est enregistré")
    return str(stored["entry"][-1]["response"]["location"]).partition("/_history/")[0]


def _entry(full_url: str, resource: Resource) -> Resource:
    """Return the entry that creates a resource, unless one of its identifiers is known already."""
    request = {"method": "POST", "url": resource["resourceType"]}
    known = resource.get("identifier") or []
    if isinstance(known, list) and known:
        request["ifNoneExist"] = f"identifier={known[0]['system']}|{known[0]['value']}"
    return {"fullUrl": full_url, "resource": resource, "request": request}


def _section(title: str, words: str) -> Resource:
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{words}</p></div>'
    return {"title": title, "text": {"status": "generated", "div": div}}


async def _made(run: Run, address: str, form: str) -> bytes:
    answer = await run.http.get(f"{address}/$document", params={"format": form}, headers=RAW[form])
    told = f"{answer.status_code} {answer.text[:300]}" if answer.status_code != 200 else ""
    run.require(answer.status_code == 200, f"Le document est produit ({form})", found=told)
    return answer.content


async def _kept(run: Run, address: str) -> Resource:
    """Produce and file a document, and return its DocumentReference."""
    answer = await run.http.post(f"{address}/$document", params={"persist": "true"})
    run.expect(answer, 200, "Le document est rangé")
    location = str(answer.headers["Location"]).removeprefix(f"{run.base_url}/")
    document: Resource = run.expect(await run.http.get(location), 200)
    return document


def _carried(cda: bytes) -> bytes:
    """Return the PDF inside a document."""
    found = MEDIA.search(cda)
    return base64.b64decode(found[1]) if found else b""


def _told(cda: bytes, name: str) -> str:
    """Return the first element of a name, as it is written."""
    found = re.search(rf"<{name}[ >].*?(?:/>|</{name}>)", cda.decode(), re.DOTALL)
    return found[0] if found else ""


def _letter(run: Run) -> Resource:
    """Return the letter, from a home of its own; the matricule of its person is one that was read, not yet verified."""
    letter: Resource = json.loads(_letter_text().replace(HOME, a_finess(run)))
    for entry in letter["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["identifier"][0]["use"] = "temp"
    return letter


@cache
def _letter_text() -> str:
    return files("usager_server.documents").joinpath("letter.json").read_text("utf-8")
