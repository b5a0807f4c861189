"""The scenarios of received documents: none is filed twice, and all are sorted by what they say of themselves."""

import base64
import json
import uuid
from dataclasses import dataclass, replace
from importlib.resources import files
from string import Template
from typing import Any

import httpx

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

INS_TEST = "1.2.250.1.213.1.4.10"
PERSONS = "urn:oid:1.2.250.1.71.4.2.2.1750000999"
LETTER = ("83981-1", "Lettre de liaison à la sortie d'une structure sociale ou médico-sociale")
REPORT = ("11490-0", "Lettre de liaison à la sortie d'un établissement de soins")


@dataclass(frozen=True, slots=True)
class Received:
    """A CDA document as another software would send it, for an invented person."""

    person: str
    id: str
    set_id: str
    version: int = 1
    kind: tuple[str, str] = LETTER
    act: str = "20260310"
    content: str = "Compte rendu inventé pour ce scénario."
    family: str = "CONFORMITE"
    birth: str = "19380714"
    matricule: str = ""

    def as_cda(self) -> bytes:
        """Return its bytes."""
        template = files("usager_server.operations").joinpath("conformity.xml").read_text(encoding="utf-8")
        return (
            Template(template)
            .substitute(
                id=self.id,
                set_id=self.set_id,
                version=self.version,
                person=self.person,
                family=self.family,
                birth=self.birth,
                ins=f'<id root="{INS_TEST}" extension="{self.matricule}"/>' if self.matricule else "",
                code=self.kind[0],
                display=self.kind[1],
                title=self.kind[1],
                act=self.act,
                body=base64.b64encode(self.content.encode()).decode(),
            )
            .encode()
        )


@scenario("SC.CDA/INT.18", title="Un document CDA reçu deux fois n'est rangé qu'une fois")
async def a_document_is_filed_once(run: Run) -> None:
    """Les balises id, setId et versionNumber d'un document reçu disent s'il est déjà là, plus récent ou plus ancien."""
    first = Received(run.unique("CONF"), _oid(), _oid())
    second = replace(first, id=_oid(), version=2, content="Compte rendu corrigé.")
    async with run.step("Recevoir un document"):
        filed = await _receive(run, first)
        run.expect(filed, 200)
        run.attach("document-recu.xml", first.as_cda(), "Le document CDA reçu, version 1")
        address = filed.headers.get("Location", "")
        run.require(address, "Le document rangé a une adresse")
    async with run.step("Recevoir de nouveau le même document"):
        again = await _receive(run, first)
        run.expect(again, 200)
        run.check(again.headers.get("Location") == address, "C'est le document déjà rangé qui est désigné")
        found = await _of_person(run, first.person)
        run.check(len(found) == 1, "Un seul document est rangé", found=f"{len(found)} documents")
    async with run.step("Recevoir un autre contenu sous le même identifiant"):
        run.expect(await _receive(run, replace(first, content="Autre contenu.")), 409, "Le conflit est refusé (409)")
    async with run.step("Recevoir la version 2"):
        run.expect(await _receive(run, second), 200)
        found = await _of_person(run, first.person)
        statuses = sorted(it["status"] for it in found)
        run.check(statuses == ["current", "superseded"], "La version 1 est remplacée, et reste lisible", found=statuses)
    async with run.step("Recevoir une version plus ancienne sous un nouvel identifiant"):
        run.expect(await _receive(run, replace(first, id=_oid())), 409, "La version déjà dépassée est refusée (409)")
        found = await _of_person(run, first.person)
        run.check(len(found) == 2, "Rien n'a été ajouté", found=f"{len(found)} documents")


@scenario(
    "SC.CDA/INT.04", "SC.CDA/INT.17", title="Les documents se trient par type et par date de l'acte, lus dans le CDA"
)
async def documents_are_sorted(run: Run) -> None:
    """Trois documents reçus sont triés sur ce que dit leur en-tête CDA, sans aucune saisie."""
    person = run.unique("CONF")
    received = [
        Received(person, _oid(), _oid(), kind=LETTER, act="20260310"),
        Received(person, _oid(), _oid(), kind=REPORT, act="20260301"),
        Received(person, _oid(), _oid(), kind=LETTER, act="20260120"),
    ]
    async with run.step("Recevoir trois documents de deux types"):
        for document in received:
            run.expect(await _receive(run, document), 200)
    async with run.step("Les trier par date de l'acte, la plus récente d'abord"):
        found = [it["context"]["period"]["start"][:10] for it in await _of_person(run, person, "-period")]
        run.check(found == ["2026-03-10", "2026-03-01", "2026-01-20"], "L'ordre est celui des actes", found=found)
    async with run.step("Les trier par type, puis par date de l'acte"):
        sorted_by = [
            (it["type"]["coding"][0]["code"], it["context"]["period"]["start"][:10])
            for it in await _of_person(run, person, "type,period")
        ]
        expected = [("11490-0", "2026-03-01"), ("83981-1", "2026-01-20"), ("83981-1", "2026-03-10")]
        run.check(sorted_by == expected, "L'ordre est celui des types, puis des actes", found=sorted_by)


@scenario("SENTINELLE.20", title="Un document reçu avec un matricule INS retrouve le dossier de la personne")
async def a_document_finds_its_person(run: Run) -> None:
    """Même matricule et mêmes traits : rattaché ; autres traits : alerte ; inconnu mais ressemblant : à décider."""
    family = _letters(run, "GOASDOU")
    first = Received(run.unique("CONF"), _oid(), _oid(), family=family, matricule=_matricule(run))
    async with run.step("Recevoir le document d'une personne que personne ici ne connaît"):
        run.expect(await _receive(run, first), 200)
        known = await _subjects(run, first)
        run.require(len(known) == 1, "Une identité est créée, à vérifier", found=known)
    async with run.step("Recevoir un autre document, même matricule et mêmes traits"):
        second = replace(first, id=_oid(), set_id=_oid(), content="Second compte rendu.")
        run.expect(await _receive(run, second), 200)
        run.check(await _subjects(run, first) == known, "Il est rattaché à la même identité")
    async with run.step("Recevoir un document du même matricule, né un autre jour"):
        other = replace(first, id=_oid(), set_id=_oid(), birth="19400102")
        answer = await _receive(run, other)
        run.expect(answer, 409, "Il n'est rattaché à personne, et le trait qui diffère est dit")
        run.check("birth date" in answer.text, "La date de naissance est nommée", found=answer.text)
    async with run.step("Créer une identité sans matricule, puis recevoir un document de mêmes traits"):
        name = {"use": "official", "family": f"{family}NE", "given": ["JEANNE"]}
        body = {"resourceType": "Patient", "name": [name], "gender": "female", "birthDate": "1938-07-14"}
        local = run.expect(await run.http.post("Patient", json=body), 201)["id"]
        alike = Received(run.unique("CONF"), _oid(), _oid(), family=f"{family}NE", matricule=_matricule(run))
        answer = await _receive(run, alike)
        run.expect(answer, 409, "Le dossier ressemblant est proposé, rien n'est créé à côté")
        run.check(local in answer.text, "Il est nommé", found=answer.text)
    async with run.step("Dire que c'est la même personne"):
        run.expect(await _receive(run, alike, patient=f"Patient/{local}"), 200, "Le document est rangé à ce dossier")


async def _subjects(run: Run, document: Received) -> list[str]:
    """Return the records that bear the matricule of a document."""
    answer = run.expect(
        await run.http.get("Patient", params={"identifier": f"urn:oid:{INS_TEST}|{document.matricule}"}), 200
    )
    return [entry["resource"]["id"] for entry in answer.get("entry", ())]


def _matricule(run: Run) -> str:
    """Return a matricule that nobody bears: of a test, with its key."""
    _, run_id, count = run.unique("").split("-")
    body = f"23807{(int(run_id, 16) + int(count)) % 10**8:08d}"
    return f"{body}{97 - int(body) % 97:02d}"


def _letters(run: Run, beginning: str) -> str:
    """Return a name that nobody bears: letters only, as names are."""
    return beginning + "".join(chr(ord("A") + int(each, 16)) for each in run.unique("").split("-")[1])


async def _receive(run: Run, document: Received, **parameters: str) -> httpx.Response:
    return await run.http.post(
        "DocumentReference/$import-cda",
        params=parameters,
        content=document.as_cda(),
        headers={"Content-Type": "application/xml"},
    )


async def _of_person(run: Run, person: str, sort: str = "_lastUpdated") -> list[dict[str, Any]]:
    query = {"patient.identifier": f"{PERSONS}|{person}", "_sort": sort}
    answer = run.expect(await run.http.get("DocumentReference", params=query), 200)
    return [entry["resource"] for entry in answer.get("entry", ())]


def _oid() -> str:
    """Return an OID that nobody has used: that of a UUID (ITU-T X.667)."""
    return f"2.25.{uuid.uuid4().int}"


ORIGINS = "https://usager.example/fhir/CodeSystem/document-origin"


@scenario("SC.CDA/INT.08", title="Les documents venus du DMP ou de la MSSanté sont signalés")
async def documents_bear_their_origin(run: Run) -> None:
    """Un document reçu porte d'où il vient, sa liste se filtre par origine, et une mise à jour ne l'efface pas."""
    person = run.unique("CONF")
    async with run.step("Recevoir un document du DMP, un de la MSSanté, un déposé à la main"):
        for origin in ("dmp", "mss", "local"):
            run.expect(await _receive(run, Received(person, _oid(), _oid(), content=origin), origin=origin), 200)
    async with run.step("Lister les documents de la personne"):
        found = sorted(_origin(it) for it in await _of_person(run, person))
        run.check(found == ["dmp", "local", "mss"], "Chacun porte son origine", found=found)
    async with run.step("Ne lister que ceux du DMP"):
        query = {"patient.identifier": f"{PERSONS}|{person}", "_tag": f"{ORIGINS}|dmp"}
        answer = run.expect(await run.http.get("DocumentReference", params=query), 200)
        listed = [entry["resource"] for entry in answer.get("entry", ())]
        run.require([_origin(it) for it in listed] == ["dmp"], "Un seul est listé, celui du DMP", found=listed)
    async with run.step("Modifier ce document sans redire son origine"):
        body = {name: value for name, value in listed[0].items() if name != "meta"}
        updated = run.expect(await run.http.put(f"DocumentReference/{body['id']}", json=body), 200)
        run.check(_origin(updated) == "dmp", "L'origine est gardée", found=updated.get("meta"))


@scenario("SC.DMP/CONF.14", title="Chaque accès à un document venu du DMP est tracé")
async def accesses_to_dmp_documents_are_traced(run: Run) -> None:
    """La réception du document, puis chaque façon de le lire laissent une trace qui dit qu'il vient du DMP."""
    patient, document = await _filed_from_dmp(run)
    file = document["content"][0]["attachment"]["url"]
    ways = (
        ("La description du document", f"DocumentReference/{document['id']}"),
        ("Son fichier", file),
        ("Son affichage", f"DocumentReference/{document['id']}/$render?format=html"),
        ("La liste des documents", f"DocumentReference?patient={patient}"),
        ("Le dossier entier", f"{patient}/$everything"),
    )
    for title, way in ways:
        async with run.step(f"{title} : lire, puis relire les traces"):
            before = len(await _accesses(run, patient))
            run.expect(await run.http.get(way, headers={"Accept": "*/*"}), 200)
            after = await _accesses(run, patient)
            run.require(len(after) == before + 1, "Une trace de plus", found=f"{before}, puis {len(after)}")
            run.check("document-from-dmp" in str(after[0]), "Elle dit que le document vient du DMP", found=after[0])
            run.check(bool(after[0]["recorded"] and after[0]["agent"]), "Elle dit quand, et qui")
    async with run.step("Lire le dossier administratif de la même personne"):
        before = len(await _accesses(run, patient))
        run.expect(await run.http.get(patient), 200)
        run.check(len(await _accesses(run, patient)) == before, "Ce n'est pas un accès à un document du DMP")


@scenario("SC.DMP/CONF.15", title="Les traces des accès aux documents du DMP s'extraient")
async def accesses_to_dmp_documents_are_extracted(run: Run) -> None:
    """Pour une personne, un professionnel, une période : en AuditEvents, et en tableau pour un tableur."""
    patient, document = await _filed_from_dmp(run)
    async with run.step("Lire le document, et autre chose"):
        run.expect(await run.http.get(f"DocumentReference/{document['id']}"), 200)
        run.expect(await run.http.get(patient), 200)
    async with run.step("Extraire les traces de la personne, toutes puis celles des documents du DMP"):
        every, found = await _traces(run, patient=patient), await _accesses(run, patient)
        run.check(len(every) > len(found), "Les autres traces ne sont pas parmi elles", found=len(every))
        kinds = {event["subtype"][-1]["code"] for event in found}
        run.require({"read", "document-received"} <= kinds, "La réception et la lecture y sont", found=kinds)
        named = all("document-from-dmp" in str(event) for event in found)
        run.check(named, "Toutes sont d'un document du DMP")
    async with run.step("Restreindre à un professionnel, puis à une période"):
        who = found[0]["agent"][0]["who"]
        agent = who.get("reference") or who["identifier"]["value"]
        run.check(len(await _accesses(run, patient, agent=agent)) == len(found), "Celles de qui les a faites y sont")
        run.check(not await _accesses(run, patient, agent="Practitioner/personne"), "Personne d'autre n'en a")
        run.check(not await _accesses(run, patient, end="2020-01-01"), "Aucune n'est d'avant")
    async with run.step("Extraire le tableau"):
        query = {"origin": "dmp", "patient": patient, "format": "csv"}
        table = await run.http.get("AuditEvent/$extract", params=query)
        run.require(table.status_code == 200, "Le tableau est donné", found=table.status_code)
        run.attach("acces-documents-dmp.csv", table.content, "Les accès aux documents du DMP de la personne")
        run.check(len(table.text.splitlines()) == len(found) + 1, "Un en-tête et une ligne par accès", found=table.text)


async def _filed_from_dmp(run: Run) -> tuple[str, dict[str, Any]]:
    """Return the Patient and the DocumentReference of a document that was just received from the DMP."""
    received = Received(run.unique("CONF"), _oid(), _oid())
    async with run.step("Recevoir un document du DMP"):
        run.expect(await _receive(run, received, origin="dmp"), 200)
        found = await _of_person(run, received.person)
        run.require(len(found) == 1, "Le document est rangé", found=len(found))
    return found[0]["subject"]["reference"], found[0]


async def _accesses(run: Run, patient: str, **query: str) -> list[dict[str, Any]]:
    """Return the traces of accesses to documents from the DMP of a person, newest first."""
    return await _traces(run, origin="dmp", patient=patient, **query)


async def _traces(run: Run, **query: str) -> list[dict[str, Any]]:
    answer = await run.http.get("AuditEvent/$extract", params=query)
    run.require(answer.status_code == 200, "Les traces sont données", found=answer.status_code)
    return [json.loads(line) for line in answer.text.splitlines()]


def _origin(document: dict[str, Any]) -> str:
    tags = document.get("meta", {}).get("tag", ())
    return next((tag["code"] for tag in tags if tag.get("system") == ORIGINS), "")


@scenario("SC.VACC/SCHEMA.01", title="Le lien vers le calendrier vaccinal est donné")
async def the_vaccination_schedule_is_given(run: Run) -> None:
    """Le logiciel donne à toute interface l'adresse du calendrier vaccinal du ministère chargé de la santé."""
    async with run.step("Demander le calendrier vaccinal"):
        answer = run.expect(await run.http.get("$vaccination-schedule"), 200)
        link = run.value(answer, "link")
        run.check(str(link).startswith("https://"), "Le lien vers le calendrier vaccinal est donné", found=link)
        run.check(run.value(answer, "title"), "Son titre en français est donné")
