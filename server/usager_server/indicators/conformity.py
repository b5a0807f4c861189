"""The scenarios of indicators: a structure of its own, people in it, and the numbers that come of them."""

import csv
import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from usager_server.conformity.people import a_birth, a_finess
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

Tree = dict[str, Any]

FR_CORE = "https://hl7.fr/ig/fhir/core"
RELIABILITY = f"{FR_CORE}/StructureDefinition/fr-core-identity-reliability"
DASHBOARD = "Measure/tbb-ins/$evaluate-measure"
PROFESSIONAL = "899700000000"


@scenario("TBB.INS.01", title="Le tableau de bord INS d'un établissement", stand_ins=("insi",))
async def the_dashboard_of_identities(run: Run) -> None:
    """Statuts, attributs, appels à INSi et délais d'un ESMS sur une période, à l'écran et en fichier."""
    period = _period()
    async with run.step("Admettre des personnes : deux provisoires, une validée, une douteuse, une partie"):
        home = run.expect(await run.http.post("Organization", json=_home(run)), 201)
        asked = {"subject": f"Organization/{home['id']}", **period}
        await _admitted(run, home, _typed(run))
        unknown = await _admitted(run, home, _typed(run))
        await _admitted(run, home, _typed(run, _checked()))
        await _admitted(run, home, _typed(run, _ticked("DOUT")))
        await _admitted(run, home, _typed(run), left=True)
    async with run.step("Interroger INSi sur l'une d'elles"):
        insi = await run.stand_in("insi")
        await insi.reset()
        await _operation(run, "$proxy-connect", bindingMessage="42")  # where a certificate does, that changes nothing
        found = run.expect(await _operation(run, f"Patient/{unknown['id']}/$ins-search"), 200)
        run.check(run.value(found, "code") == "01", "INSi ne connaît pas cette personne inventée", found=found)
    async with run.step("Demander le tableau de bord de l'établissement"):
        report = run.expect(await run.http.get(DASHBOARD, params=asked), 200)
        run.check(report["type"] == "summary", "C'est un MeasureReport de synthèse", found=report["type"])
        statuses = _strata(report, "INS_STATUTS", "statut")
        run.check(statuses == {"PROV": 3, "VALI": 1}, "Chaque personne présente est sous son statut", found=statuses)
        ticked = _strata(report, "INS_STATUTS", "attribut")
        run.check(ticked == {"DOUT": 1}, "Les attributs sont comptés", found=ticked)
        calls = _strata(report, "INS_APPELS", "nature-code")
        run.check(set(calls) == {"traits/01"}, "L'appel à INSi est compté par nature et par code", found=calls)
        run.check("extension" in str(_group(report, "INS_STATUTS")), "Les petits effectifs sont signalés")
    async with run.step("Demander les mêmes nombres en CSV et en JSON"):
        answer = await run.http.get(DASHBOARD, params={**asked, "format": "csv"})
        rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
        validated = [row["denominateur"] for row in rows if row["modalite"] == "VALI"]
        run.check(validated == ["1"], "Le CSV donne une identité validée", found=validated)
        told = run.expect(await run.http.get(DASHBOARD, params={**asked, "format": "json"}), 200)
        finess = home["identifier"][0]["value"]
        run.check(told["finess_et"] == finess, "Le JSON porte le FINESS de l'établissement", found=told["finess_et"])
    async with run.step("Garder le tableau de bord, pour le comparer plus tard"):
        run.expect(await run.http.post("MeasureReport", json=report), 201, "Il est enregistré tel quel")


def _period() -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {"periodStart": f"{today - timedelta(days=30)}", "periodEnd": f"{today}"}


def _home(run: Run) -> Tree:
    identifier = {"system": "https://finess.esante.gouv.fr", "value": a_finess(run)}
    return {"resourceType": "Organization", "name": "Foyer des indicateurs", "identifier": [identifier]}


async def _admitted(run: Run, home: Tree, patient: Tree, *, left: bool = False) -> Tree:
    """Store a person and their stay, ten days long; of who left, a year ago."""
    person: Tree = run.expect(await run.http.post("Patient", json=patient), 201)
    began = datetime.now(UTC).date() - timedelta(days=375 if left else 10)
    period = {"start": f"{began}"} | ({"end": f"{began + timedelta(days=10)}"} if left else {})
    stay = {
        "resourceType": "EpisodeOfCare",
        "status": "finished" if left else "active",
        "patient": {"reference": f"Patient/{person['id']}"},
        "managingOrganization": {"reference": f"Organization/{home['id']}"},
        "period": period,
    }
    run.expect(await run.http.post("EpisodeOfCare", json=stay), 201)
    return person


def _typed(run: Run, *extensions: Tree) -> Tree:
    letters = "".join(chr(ord("A") + int(it, 16)) for it in run.unique("0") if it in "0123456789abcdef")
    return {
        "resourceType": "Patient",
        "meta": {"profile": [f"{FR_CORE}/StructureDefinition/fr-core-patient"]},
        **({"extension": list(extensions)} if extensions else {}),
        "active": True,
        "name": [{"use": "official", "family": f"ESSAI {letters}", "given": ["Camille"]}],
        "gender": "female",
        "birthDate": a_birth(run).date,
    }


def _ticked(code: str) -> Tree:
    coding = {"system": f"{FR_CORE}/CodeSystem/fr-core-cs-identity-status-comment", "code": code}
    return {"url": RELIABILITY, "extension": [{"url": "comment", "valueCoding": coding}]}


def _checked() -> Tree:
    coding = {"system": f"{FR_CORE}/CodeSystem/fr-core-cs-mode-validation-identity", "code": "PA"}
    yesterday = f"{datetime.now(UTC).date() - timedelta(days=1)}"
    parts = [{"url": "validationMode", "valueCoding": coding}, {"url": "validationDate", "valueDate": yesterday}]
    return {"url": RELIABILITY, "extension": parts}


async def _operation(run: Run, address: str, **texts: str) -> Any:
    given = {"nationalId": PROFESSIONAL, **texts}
    parts = [{"name": name, "valueString": text} for name, text in given.items()]
    return await run.http.post(address, json={"resourceType": "Parameters", "parameter": parts})


def _group(report: Mapping[str, Any], key: str) -> Tree:
    found: Tree = next(each for each in report["group"] if each["code"]["coding"][0]["code"] == key)
    return found


def _strata(report: Mapping[str, Any], key: str, stratifier: str) -> dict[str, int]:
    """Return how many each part counts, by its codes, those that are empty left out."""
    stratifiers = _group(report, key)["stratifier"]
    strata = next(it for it in stratifiers if it["code"][0]["coding"][0]["code"] == stratifier).get("stratum", ())
    counted = {_named(each): each["population"][0]["count"] for each in strata}
    return {name: number for name, number in counted.items() if number}


def _named(stratum: Mapping[str, Any]) -> str:
    values = [stratum["value"]] if "value" in stratum else [each["value"] for each in stratum["component"]]
    return "/".join(each["coding"][0]["code"] for each in values)
