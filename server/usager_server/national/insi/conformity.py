"""The scenarios of INSi: the same with a certificate and as a professional, as the server that is proven calls it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from usager_server.conformity.identities import PROFESSIONAL, asked, sign_in, status_of
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

FR_CORE = "https://hl7.fr/ig/fhir/core"
NIR, NIA = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"
VERIFY = "verifierInsAvecTraitsIdentite"
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as a professional types them. Shape: number is what INSi gives, "" when it finds nobody."""

    name: str
    given: str
    gender: str
    born: str
    place: str
    number: str
    oid: str = NIR
    names: str = ""


TEST_PERSONS = (
    Person("Adrun", "Zoé", "female", "1975-12-31", "63220", "275126322074974"),
    Person("Ecetinsi", "Pierre-Alain", "male", "2009-07-14", "63220", "109076322083489"),
    Person("Nessi", "Michelangelo", "male", "2010-08-07", "63220", "110086322083060"),
    Person("Tchitchi", "Catarina", "female", "1936-06-21", "63220", "236066322083656"),
    Person("Corse", "Anthony", "male", "1980-03-02", "2B020", "180032B02040123"),
    Person("Adrtrois", "Dominique", "female", "1997-02-26", "2A020", "297022A02077878"),
    Person("Hermann", "Gatien", "male", "1981-03-24", "63220", "181036322045660"),
    Person("Provisoire", "Matricule", "male", "2009-07-01", "63220", "109076322088835", NIA),
    Person("D'Artagnan de l'Hérault", "Pierre-Alain", "male", "2001-06-17", "63220", "101066322083774"),
)
PROXIED = "/proxy/send/insi/lps"
UNKNOWN = Person("Houilles", "Pierre", "male", "1993-01-27", "", "", names="Pierre Paul Jacques")


@scenario(
    "SC.INS.14",
    "P-INS-09",
    "INS/va1.59",
    title="Les dix personnes d'essai d'INSi, de leurs traits à l'identité qualifiée",
    stand_ins=("insi",),
    timeout_seconds=180,
)
async def the_test_persons_are_qualified(run: Run) -> None:
    """Neuf sont comparées trait par trait, puis qualifiées en un appel ; pour HOUILLES, INSi répond 01, par contrat."""
    insi = await _begin(run)
    await _qualify_all(run)
    async with run.step("Regarder ce qu'INSi a reçu"):
        # The worker behind the server may ask about others meanwhile.
        wanted = [f">{it.name.upper()}<" for it in (TEST_PERSONS[0], UNKNOWN)]
        received = [it for it in await insi.received() if any(name in it.get("body", "") for name in wanted)]
        if {it["path"] for it in received} == {PROXIED}:
            return  # without certificate: what then is asked of each call is SC.INS/PSC.50
        run.check({it["path"] for it in received} == {"/lps"}, "Les appels sont arrivés à l'adresse des certificats")
        names = {it["certificate"] for it in received}
        run.check(names == {"INSI-MANU"}, "En TLS mutuel, avec le certificat INSI-MANU de la structure", found=names)
        run.check(not any("Assertion" in it["body"] for it in received), "Sans assertion d'un professionnel")


@scenario(
    "SC.INS/PSC.50",
    title="INSi est appelé par l'API Pro Santé Connectée : les dix personnes d'essai, sans certificat",
    stand_ins=("insi",),
    timeout_seconds=180,
)
async def insi_is_called_as_a_professional(run: Run) -> None:
    """Sans connexion rien ne part ; connecté, tout passe par le Proxy e-santé. Pour HOUILLES, INSi répond 01."""
    insi = await run.stand_in("insi")
    async with run.step("Remettre le bac à sable à neuf, sans se connecter"):
        await insi.reset()
        made = await _stored(run, TEST_PERSONS[0])
        answer = await asked(run, f"Patient/{made['id']}/$ins-search")
        run.check(answer.status_code == 401, "La recherche demande une connexion", found=answer.status_code)
    await _begin(run)
    await _qualify_all(run)
    async with run.step("Regarder ce qu'INSi a reçu"):
        received = [it for it in await insi.received() if "lps" in it["path"]]
        paths = {it["path"] for it in received}
        run.check(paths == {PROXIED}, "Tout est passé par le Proxy e-santé", found=paths)
        bodies = [it.get("body", "") for it in received]
        signed = all(f'NameQualifier="PSC">{PROFESSIONAL}<' in it for it in bodies)
        run.check(signed, "Chaque appel porte l'assertion du professionnel (NameQualifier PSC)")
        run.check(not any("Signature" in it for it in bodies), "L'assertion n'est pas signée")
    async with run.step("Se déconnecter"):
        run.expect(await asked(run, "$proxy-disconnect"), 200)
        answer = await asked(run, f"Patient/{made['id']}/$ins-search")
        run.check(answer.status_code == 401, "La recherche demande de nouveau une connexion", found=answer.status_code)


@scenario(
    "SC.INS.05",
    "P-INS-03",
    title="Le lieu de naissance n'est pas donné à la première recherche",
    stand_ins=("insi",),
)
async def the_place_is_not_told_at_first(run: Run) -> None:
    """Une identité dont le lieu de naissance est connu est cherchée sans lui."""
    insi = await _begin(run)
    async with run.step("Créer une identité avec son lieu de naissance, et interroger INSi"):
        person = _somebody(run)
        await insi.seed({"persons": [_known(person)]})
        made = await _stored(run, person)
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        run.check(run.value(found, "code") == "00", "L'identité est trouvée", found=run.value(found, "message"))
    async with run.step("Regarder ce qu'INSi a reçu"):
        bodies = [it["body"] for it in await insi.received() if "RECSANSVITALE" in it.get("body", "")]
        run.require(len(bodies) == 1, "Un seul appel est parti", found=len(bodies))
        run.check("LieuNaissance" not in bodies[0], "Le lieu de naissance n'y est pas")


@scenario(
    "SC.INS.15",
    "P-INS-10",
    "P-INS-11",
    title="Une seconde recherche avec le lieu de naissance, et des conseils adaptés",
    stand_ins=("insi",),
)
async def a_second_search_and_advice(run: Run) -> None:
    """Après 02, la recherche repart seule avec le lieu ; après 01 ou 02, un message et des conseils sont donnés."""
    await _begin(run)
    person = _somebody(run)
    twin = Person(person.name, person.given, person.gender, person.born, "13055", _number(run))
    await insi_knows(run, person, twin)
    async with run.step("Chercher une identité qui a un homonyme né ailleurs"):
        made = await _stored(run, person)
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        tried = _attempts(found)
        run.check(tried == [(False, "02"), (True, "00")], "02, puis 00 avec le lieu, sans rien demander", found=tried)
        rows = _comparison(found)
        run.check(rows.get("matricule") == "absent", "Le matricule est montré parmi les différences", found=rows)
        run.check(run.value(found, "answer"), "La réponse peut être acceptée en un appel")
    async with run.step("Chercher la même sans lieu de naissance"):
        nowhere = Person(person.name, person.given, person.gender, person.born, "99999", "")
        made = await _stored(run, nowhere)
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        run.check(_attempts(found) == [(False, "02")], "99999 n'est pas envoyé", found=_attempts(found))
        advice = str(run.value(found, "advice"))
        run.check("lieu de naissance" in advice, "Le conseil est de saisir le lieu de naissance", found=advice)
    async with run.step("Chercher quelqu'un qu'INSi ne connaît pas"):
        made = await _stored(run, UNKNOWN)
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        run.check(run.value(found, "code") == "01", "Personne n'est trouvé", found=run.value(found, "code"))
        run.check(len(_attempts(found)) == 4, "Les autres prénoms sont essayés, puis tous", found=_attempts(found))
        advice = str(run.value(found, "advice"))
        run.check("nom de naissance" in advice, "Le conseil est de vérifier le nom de naissance", found=advice)


@scenario(
    "SC.INS.03",
    "P-INS-02",
    title="Un lieu de naissance inconnu du référentiel est nommé à la main",
    stand_ins=("insi",),
)
async def a_place_unknown_here_is_named(run: Run) -> None:
    """INSi donne un code INSEE que le référentiel n'a pas : il est accepté, avec un libellé saisi."""
    await _begin(run)
    person = _somebody(run, place="63999")
    await insi_knows(run, person)
    async with run.step("Interroger INSi sur une identité dont le lieu n'est pas connu"):
        made = await _stored(run, Person(person.name, person.given, person.gender, person.born, "", ""))
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        needed = run.value(found, "birthPlaceLabelNeeded")
        run.check(needed is True, "La réponse dit qu'un libellé est attendu", found=needed)
    async with run.step("Accepter sans libellé, puis avec"):
        answer = str(run.value(found, "answer"))
        refused = await asked(run, f"Patient/{made['id']}/$ins-accept", answer=answer)
        run.check(refused.status_code == 422, "Sans libellé, c'est refusé", found=refused.status_code)
        given = {"answer": answer, "birthPlaceLabel": "Saint-Ailleurs"}
        accepted = run.expect(await asked(run, f"Patient/{made['id']}/$ins-accept", **given), 200)
        run.check("63999" in str(accepted) and "Saint-Ailleurs" in str(accepted), "Le code et le libellé sont gardés")


@scenario("INS/va1.60", title="Une identité est vérifiée auprès d'INSi", stand_ins=("insi",))
async def an_identity_is_verified(run: Run) -> None:
    """INSi confirme le matricule et les traits, ou non ; dans ce cas une recherche suit, et rien n'est écrasé."""
    insi = await _begin(run)
    person = _somebody(run)
    await insi_knows(run, person)
    async with run.step("Récupérer l'identité, puis la vérifier"):
        made = await _retrieved(run, person)
        told = run.expect(await asked(run, f"Patient/{made['id']}/$ins-verify"), 200)
        run.check(run.value(told, "verified") is True, "INSi confirme l'identité", found=told)
    async with run.step("Vérifier quand INSi connaît la personne sous un autre matricule"):
        await insi.reset()
        other = Person(person.name, person.given, person.gender, person.born, person.place, _number(run))
        await insi.seed({"persons": [_known(other)]})
        await sign_in(run)
        told = run.expect(await asked(run, f"Patient/{made['id']}/$ins-verify"), 200)
        run.check(run.value(told, "verified") is False, "INSi ne confirme pas l'identité", found=told)
        rows = _comparison(told)
        run.check(rows.get("matricule") == "different", "La comparaison montre l'autre matricule", found=rows)
        kept = run.expect(await run.http.get(f"Patient/{made['id']}"), 200)
        run.check(person.number in str(kept["identifier"]), "Le matricule n'est pas remplacé", found=kept["identifier"])
        run.check(run.value(told, "answer"), "La réponse peut être acceptée")


@scenario(
    "INS/va1.27",
    "INS/va1.60",
    title="Le statut d'une identité reçue suit la vérification de son matricule",
    stand_ins=("insi",),
)
async def a_received_identity_waits_for_insi(run: Run) -> None:
    """Le matricule d'un document ou d'un datamatrix attend INSi ; non confirmé, ou autre que l'INS, rien ne change."""
    await _begin(run)
    known, checked, unknown = _somebody(run), _somebody(run), _somebody(run)
    await insi_knows(run, known, checked)
    patients = []
    for person, is_checked, before, after in (
        (known, False, "PROV", "RECUP"),
        (checked, True, "VALI", "QUAL"),
        (unknown, False, "PROV", "PROV"),
    ):
        async with run.step(f"Recevoir un matricule pour une identité {before}, et le vérifier : {after}"):
            sent = _patient(person, checked=is_checked) | {"identifier": [_read(person)]}
            made = run.expect(await run.http.post("Patient", json=sent), 201)
            run.check(status_of(made) == before, "Reçu, le matricule n'est pas en vigueur", found=status_of(made))
            told = run.expect(await asked(run, f"Patient/{made['id']}/$ins-verify"), 200)
            run.check(run.value(told, "verified") is (before != after), "INSi le confirme, ou non", found=told)
            kept = run.expect(await run.http.get(f"Patient/{made['id']}"), 200)
            run.check(status_of(kept) == after, "Le statut suit", found=status_of(kept))
            patients.append(kept)
    async with run.step("Recevoir un autre matricule pour l'identité récupérée"):
        patient = patients[0]
        both = [*patient["identifier"], _read(unknown)]
        answer = await run.http.put(f"Patient/{patient['id']}", json={**patient, "identifier": both})
        run.check(answer.status_code == 422, "C'est refusé", found=answer.status_code)
        run.check("n'est pas celui de l'identité" in answer.text, "L'écart est dit", found=answer.text)


@scenario("P-INS-13", title="Le dossier s'ouvre sans attendre INSi", stand_ins=("insi",))
async def a_record_opens_without_insi(run: Run) -> None:
    """INSi en panne n'empêche ni de créer ni de lire un dossier ; sa réponse s'accepte quand on veut."""
    insi = await _begin(run)
    person = _somebody(run)
    await insi_knows(run, person)
    async with run.step("Ouvrir un dossier quand INSi est en panne"):
        await insi.fault("status", status=503)
        made = await _stored(run, person)
        answer = await asked(run, f"Patient/{made['id']}/$ins-search")
        run.check(answer.status_code == 503, "La recherche dit de réessayer", found=answer.status_code)
        run.expect(await run.http.get(f"Patient/{made['id']}"), 200, "Le dossier se lit")
    async with run.step("Interroger INSi à l'ouverture, et lire le dossier : rien n'a changé"):
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        kept = run.expect(await run.http.get(f"Patient/{made['id']}"), 200)
        run.check(kept["meta"]["versionId"] == "1", "Le dossier n'est pas modifié", found=kept["meta"])
    async with run.step("Accepter plus tard, en un appel"):
        key = str(run.value(found, "answer"))
        accepted = run.expect(await asked(run, f"Patient/{made['id']}/$ins-accept", answer=key), 200)
        run.check(person.number in str(accepted["identifier"]), "L'identité porte son matricule")


@scenario(
    "SC.INS.13",
    "P-INS-12",
    title="Les identités sont vérifiées d'elles-mêmes",
    stand_ins=("insi",),
    timeout_seconds=180,
)
async def identities_are_verified_by_themselves(run: Run) -> None:
    """Un NIA est vérifié à chaque nouvel évènement ; tout INS l'est quatre ans après la dernière vérification."""
    await _begin(run)
    person, provisional = _somebody(run), _somebody(run, oid=NIA)
    await insi_knows(run, person, provisional)
    async with run.step("Récupérer une identité avec un NIR, une avec un NIA"):
        made, other = await _retrieved(run, person), await _retrieved(run, provisional)
    async with run.step("Enregistrer une admission pour chacune"):
        for each in (made, other):
            kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
            subject = {"reference": f"Patient/{each['id']}"}
            body = {"resourceType": "Encounter", "status": "in-progress", "class": kind, "subject": subject}
            run.expect(await run.http.post("Encounter", json=body), 201)
    async with run.step("Attendre le travail de fond, et regarder qui INSi a vérifié"):
        counts = await _until_verified(run, provisional.number)
        run.check(counts.get(provisional.number) == 1, "Le NIA est vérifié, une fois", found=counts)
        run.check(person.number not in counts, "Le NIR ne l'est pas : il vient d'être donné", found=counts)
    async with run.step("Demander qui sera à vérifier dans quatre ans et un jour"):
        later = time.strftime("%Y-%m-%d", time.gmtime(time.time() + (4 * 366 + 1) * 86_400))
        answer = run.expect(await run.http.get("$ins-verifications", params={"on": later}), 200)
        run.check(f"Patient/{made['id']}" in str(answer), "L'identité avec un NIR y est", found=answer)
        today = run.expect(await run.http.get("$ins-verifications"), 200)
        run.check(f"Patient/{made['id']}" not in str(today), "Elle n'est pas à vérifier aujourd'hui", found=today)


async def _begin(run: Run) -> Any:
    insi = await run.stand_in("insi")
    async with run.step("Remettre le bac à sable à neuf, et se connecter s'il le faut"):
        await insi.reset()
        await sign_in(run)
    return insi


async def insi_knows(run: Run, *persons: Person) -> None:
    """Have the stand-in know people."""
    async with run.step("Faire connaître des personnes inventées à INSi"):
        await (await run.stand_in("insi")).seed({"persons": [_known(it) for it in persons]})


async def _qualify_all(run: Run) -> None:
    for person in TEST_PERSONS:
        async with run.step(f"{person.name} {person.given} : chercher, comparer, accepter, qualifier"):
            await _forgotten(run, person)
            made = await _stored(run, person, checked=True)
            found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
            matricule = run.value(found, "matricule") or {}
            wanted = {"system": f"urn:oid:{person.oid}", "value": person.number}
            run.require(matricule == wanted, "INSi donne son matricule", found=matricule)
            wrong = {trait for trait, verdict in _comparison(found).items() if verdict == "different"}
            run.check(not wrong, "Aucun trait ne diffère", found=wrong)
            answer = {"answer": str(run.value(found, "answer"))}
            accepted = run.expect(await asked(run, f"Patient/{made['id']}/$ins-accept", **answer), 200)
            run.check(status_of(accepted) == "QUAL", "L'identité est qualifiée", found=status_of(accepted))
            run.expect(await run.http.delete(f"Patient/{made['id']}"), 204, "Le dossier d'essai est retiré")
    async with run.step(f"{UNKNOWN.name} : par contrat, INSi ne la trouve sous aucun prénom"):
        made = await _stored(run, UNKNOWN, checked=True)
        found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
        run.check(run.value(found, "code") == "01", "La réponse est 01", found=run.value(found, "code"))
        kept = run.expect(await run.http.get(f"Patient/{made['id']}"), 200)
        run.check(status_of(kept) == "VALI", "L'identité reste validée, sans INS", found=status_of(kept))


async def _forgotten(run: Run, person: Person) -> None:
    """Remove what a run before may have left: two records of one organisation never bear the same INS."""
    found = run.expect(await run.http.get("Patient", params={"identifier": person.number}), 200)
    for entry in found.get("entry", ()):
        await run.http.delete(f"Patient/{entry['resource']['id']}")


async def _retrieved(run: Run, person: Person) -> dict[str, Any]:
    made = await _stored(run, person)
    found = run.expect(await asked(run, f"Patient/{made['id']}/$ins-search"), 200)
    answer = {"answer": str(run.value(found, "answer"))}
    accepted: dict[str, Any] = run.expect(await asked(run, f"Patient/{made['id']}/$ins-accept", **answer), 200)
    return accepted


async def _until_verified(run: Run, number: str) -> Mapping[str, int]:
    insi = await run.stand_in("insi")
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: Mapping[str, int] = (await insi.ask({"counts": True})).get(VERIFY, {})
        if number in found or time.monotonic() > end:
            return found
        await run.pause(1)


async def _stored(run: Run, person: Person, *, checked: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = run.expect(await run.http.post("Patient", json=_patient(person, checked=checked)), 201)
    return made


def _patient(person: Person, *, checked: bool) -> dict[str, Any]:
    name: dict[str, Any] = {"use": "official", "family": person.name, "given": [person.given]}
    if person.names:
        listed = f"{FR_CORE}/StructureDefinition/fr-core-patient-birth-list-given-name"
        name["extension"] = [{"url": listed, "valueString": person.names}]
    extensions = ([_place(person.place)] if person.place else []) + ([_passport()] if checked else [])
    return {
        "resourceType": "Patient",
        "meta": {"profile": [f"{FR_CORE}/StructureDefinition/fr-core-patient"]},
        **({"extension": extensions} if extensions else {}),
        "active": True,
        "name": [name],
        "gender": person.gender,
        "birthDate": person.born,
    }


def _read(person: Person) -> dict[str, str]:
    """Return a matricule as it was read in a document or a datamatrix."""
    return {"use": "temp", "system": f"urn:oid:{person.oid}", "value": person.number}


def _place(code: str) -> dict[str, Any]:
    system = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
    url = f"{FR_CORE}/StructureDefinition/fr-core-address-insee-code"
    coding = {"url": url, "valueCoding": {"system": system, "code": code}}
    # 2A020 is that of a test person, and of no commune: its name is typed by hand.
    label = {"99999": "INCONNU", "2A020": "Commune d'essai"}.get(code)
    address = {"extension": [coding], **({"city": label} if label else {})}
    return {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": address}


def _passport() -> dict[str, Any]:
    """Return the check of a passport, as it is recorded."""
    system = f"{FR_CORE}/CodeSystem/fr-core-cs-mode-validation-identity"
    return {
        "url": f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability",
        "extension": [
            {"url": "validationMode", "valueCoding": {"system": system, "code": "PA"}},
            {"url": "validationDate", "valueDate": time.strftime("%Y-%m-%d", time.gmtime(time.time() - 86_400))},
        ],
    }


def _comparison(answer: Mapping[str, Any]) -> dict[str, str]:
    rows = [it["part"] for it in answer["parameter"] if it["name"] == "comparison"]
    return {row[0]["valueCode"]: row[-1]["valueCode"] for row in rows}


def _attempts(answer: Mapping[str, Any]) -> Sequence[tuple[bool, str]]:
    rows = [it["part"] for it in answer["parameter"] if it["name"] == "attempt"]
    return [(row[1]["valueBoolean"], row[2]["valueCode"]) for row in rows]


def _somebody(run: Run, place: str = "63220", oid: str = NIR) -> Person:
    """Return somebody whom nobody has met, in letters that INSi reads."""
    name = "".join(chr(ord("A") + int(it, 16)) for it in run.unique("0").replace("-", "") if it in "0123456789abcdef")
    return Person(f"ESSAI {name}", "Camille", "female", "1975-12-31", place, _number(run), oid)


def _number(run: Run) -> str:
    """Return a matricule that nobody bears, with its key."""
    body = f"27512{int(sha256(run.unique().encode()).hexdigest(), 16) % 10**8:08d}"
    return f"{body}{97 - int(body) % 97:02d}"


def _known(person: Person) -> dict[str, str]:
    sex = "F" if person.gender == "female" else "M"
    traits = {"birth_name": person.name.upper(), "given_names": person.given.upper(), "sex": sex}
    place = {"birth_date": person.born, "birth_place": person.place}
    return {**traits, **place, "number": person.number, "oid": person.oid}
