"""The scenarios of the display of documents."""

import base64
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

XML = {"Content-Type": "application/xml"}
ANY = {"Accept": "*/*"}
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n%%EOF\n"
BODY = re.compile(r"<component[ >](?:(?!<component[ >]).)*</component>\s*(?=</ClinicalDocument>)", re.DOTALL)
DOCUMENT = re.compile(r"<ClinicalDocument.*</ClinicalDocument>", re.DOTALL)
PATIENT, AUTHOR = "ABEILLON", "MARTINEAU"


@scenario("SC.CDA/VISU.01", title="L'en-tête et le corps d'un CDA se lisent, en N1 comme en N3")
async def a_document_can_be_read(run: Run) -> None:
    """Un document N1 et un document N3 sont intégrés, puis affichés : identité, auteur, titre et contenu se lisent."""
    title, words = run.unique("Lettre"), run.unique("contenu")
    async with run.step("Intégrer un document N1 autour d'un texte"):
        address = await _filed(run, await _n1(run, title, "text/plain", words.encode()))
    async with run.step("L'afficher"):
        await _check_page(run, address, title, words)
    title, words = run.unique("Synthèse"), run.unique("rubrique")
    async with run.step("Intégrer un document N3"):
        address = await _filed(run, await _n3(run, title, _section("Points de vigilance", words)))
    async with run.step("L'afficher"):
        page = await _check_page(run, address, title, words)
        run.check("Points de vigilance</h2>" in page, "Le titre de la rubrique se lit")
    run.attach("document-n3.html", page, "L'affichage du document N3")


@scenario("SC.CDA/VISU.01", title="Un document hostile s'affiche sans rien exécuter")
async def a_hostile_document_does_nothing(run: Run) -> None:
    """Un texte qui voudrait exécuter un programme est affiché sans lui, et la page n'a le droit de rien charger."""
    hostile = '<script>alert(1)</script><linkHtml href="javascript:alert(1)">lien</linkHtml>'
    async with run.step("Intégrer un document N3 dont le texte contient un programme"):
        address = await _filed(run, await _n3(run, run.unique("Document"), _section("Texte", f"avant {hostile} après")))
    async with run.step("L'afficher"):
        answer = await run.http.get(f"{address}/$render", params={"format": "html"}, headers=ANY)
        run.require(answer.status_code == 200, "Le document s'affiche", found=answer.status_code)
        run.check("alert" not in answer.text, "Rien du programme n'est dans la page")
        run.check("avant" in answer.text and "après" in answer.text, "Les mots du texte y sont")
        policy = answer.headers.get("Content-Security-Policy", "")
        run.check(policy.startswith("default-src 'none'"), "La page n'a le droit de rien charger", found=policy)


@scenario("SC.CDA/VISU.03", title="Un N3 s'ouvre sur son PDF, avec bascule vers l'affichage structuré")
async def an_n3_opens_on_its_pdf(run: Run) -> None:
    """Le PDF encapsulé se présente d'abord ; les rubriques, puis la feuille de style du producteur, sont à un lien."""
    title, words = run.unique("Synthèse"), run.unique("rubrique")
    body = _section("Points de vigilance", words) + _copy()
    async with run.step("Intégrer un document N3 qui porte son PDF"):
        address = await _filed(run, await _n3(run, title, body))
    async with run.step("L'afficher"):
        page = await _check_page(run, address, title, words)
        encoded = base64.b64encode(PDF).decode()
        run.require(encoded in page, "Le PDF encapsulé est dans la page")
        run.check(page.index(encoded) < page.index(words), "Il vient avant les rubriques")
        run.check('href="#r-1"' in page, "Un lien mène à l'affichage structuré")
    async with run.step("Ouvrir le PDF seul"):
        answer = await run.http.get(f"{address}/$render", params={"format": "pdf"}, headers=ANY)
        run.check(answer.content == PDF, "C'est le PDF encapsulé, à l'octet près", found=len(answer.content))
    async with run.step("Intégrer un document qui s'affiche par la feuille de style de son producteur"):
        own = _self_displaying(await _n3(run, run.unique("Autre"), body))
        address = await _filed(run, own)
    async with run.step("L'afficher par la feuille de style du destinataire"):
        run.check("Affiché par le producteur" not in await _page(run, address), "La feuille de style est la nôtre")
    async with run.step("Revenir à la feuille de style du producteur"):
        made = await _page(run, address, stylesheet="producer")
        run.check("Affiché par le producteur" in made, "La feuille de style est celle du producteur")


@scenario("SC.CDA/DD.15", title="Un N3 et son PDF tiennent sur une seule ligne de la liste")
async def an_n3_and_its_pdf_are_one_line(run: Run) -> None:
    """La liste des documents ne montre qu'une ligne pour un N3 et le PDF qu'il porte ; l'une donne accès aux deux."""
    title = run.unique("Synthèse")
    async with run.step("Intégrer un document N3 qui porte son PDF"):
        address = await _filed(run, await _n3(run, title, _section("Texte", "contenu") + _copy()))
    async with run.step("Lister les documents de l'usager"):
        document = run.expect(await run.http.get(address), 200)
        query = {"patient": document["subject"]["reference"], "_count": "200", "_sort": "-_lastUpdated"}
        found = run.expect(await run.http.get("DocumentReference", params=query), 200)
        titles = [_title(entry["resource"]) for entry in found.get("entry", ())]
        run.check(titles.count(title) == 1, "Une ligne, et une seule, porte ce titre", found=titles.count(title))
    async with run.step("Ouvrir, depuis cette ligne, le PDF puis l'affichage structuré"):
        answer = await run.http.get(f"{address}/$render", params={"format": "pdf"}, headers=ANY)
        run.check(answer.content == PDF, "Le PDF s'ouvre")
        run.check("contenu" in await _page(run, address), "L'affichage structuré s'ouvre")


async def _check_page(run: Run, address: str, title: str, words: str) -> str:
    page = await _page(run, address)
    expected = {"Le nom de l'usager": PATIENT, "L'auteur": AUTHOR, "Le titre": title, "Le contenu": words}
    for what, told in expected.items():
        run.check(told in page, f"{what} se lit")
    return page


async def _page(run: Run, address: str, **parameters: str) -> str:
    answer = await run.http.get(f"{address}/$render", params={"format": "html", **parameters}, headers=ANY)
    run.require(answer.status_code == 200, "Le document s'affiche", found=f"{answer.status_code} {answer.text[:200]}")
    return answer.text


async def _filed(run: Run, cda: str) -> str:
    answer = await run.http.post("DocumentReference/$import-cda", content=cda.encode(), headers=XML)
    run.expect(answer, 200, "Le document est intégré")
    return str(answer.headers["Location"]).removeprefix(f"{run.base_url}/")


async def _n1(run: Run, title: str, media_type: str, content: bytes) -> str:
    """Return the N1 document of the letter, under another title and around other bytes."""
    bundle: dict[str, Any] = json.loads(_letter())
    document = next(it["resource"] for it in bundle["entry"] if it["resource"]["resourceType"] == "DocumentReference")
    data = base64.b64encode(content).decode()
    document["content"] = [{"attachment": {"contentType": media_type, "title": title, "data": data}}]
    answer = await run.http.post("$fhir-to-cda", json=bundle, headers={"Accept": "application/xml"})
    run.expect(answer, 200, "Le document est écrit")
    return answer.text


async def _n3(run: Run, title: str, sections: str) -> str:
    """Return the document of another software: the header of ours, with sections for a body."""
    body = f"<component><structuredBody>{sections}</structuredBody></component>"
    return BODY.sub(body, await _n1(run, title, "text/plain", title.encode()))


def _section(title: str, text: str) -> str:
    return f"<component><section><title>{title}</title><text>{text}</text></section></component>"


def _copy() -> str:
    """Return the section that holds the PDF copy of a document."""
    value = f'<value mediaType="application/pdf" representation="B64">{base64.b64encode(PDF).decode()}</value>'
    media = f'<observationMedia classCode="OBS" moodCode="EVN" ID="copie">{value}</observationMedia>'
    entry = f'<entry><organizer classCode="CLUSTER" moodCode="EVN"><component>{media}</component></organizer></entry>'
    template = '<templateId root="1.2.250.1.213.1.1.2.243"/>'
    return f"<component><section>{template}<title>Copie du document</title><text/>{entry}</section></component>"


def _self_displaying(cda: str) -> str:
    """Return a document inside the style sheet that displays it."""
    namespaces = 'xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:h="urn:hl7-org:v3"'
    shown = '<html><body><p>Affiché par le producteur</p><h1><xsl:value-of select="//h:title"/></h1></body></html>'
    template = f'<xsl:template match="/">{shown}</xsl:template>'
    document = DOCUMENT.search(cda)
    inside = document[0] if document else ""
    return f'<xsl:stylesheet version="1.0" {namespaces}>{template}{inside}</xsl:stylesheet>'


def _title(document: dict[str, Any]) -> str:
    return str(document["content"][0]["attachment"].get("title"))


@cache
def _letter() -> str:
    return files(__package__).joinpath("letter.json").read_text("utf-8")
