"""The scenarios of places of birth: the COG with its history, found by name or code at the date of birth."""

from typing import Any

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
COUNTRIES = "https://mos.esante.gouv.fr/NOS/TRE_R20-Pays/FHIR/TRE-R20-Pays"
BIRTHPLACES = "https://hl7.fr/ig/fhir/core/ValueSet/fr-core-vs-cog-commune-pays"

ON_A_DAY = (
    ("85213", "2015-12-31", "Saint-Florent-des-Bois"),
    ("85213", "2016-01-01", "Rives de l'Yon"),
    ("20004", "1975-12-31", "Ajaccio"),
    ("2A004", "1976-01-01", "Ajaccio"),
    ("78228", "1967-12-31", "Évry"),
    ("91228", "1968-01-01", "Évry"),
    ("75101", "1950-06-01", "Paris 1er Arrondissement"),
    ("98735", "1990-01-01", "Papeete"),
)
"""Communes, districts and an overseas commune, at dates around the events that changed them."""


@scenario("SC.INS.01", "P-INS-01", title="Les référentiels du COG sont là, avec leur histoire depuis 1943")
async def the_history_of_places_is_there(run: Run) -> None:
    """Un code se lit à une date ; ses prédécesseurs et successeurs sont donnés ; un code inconnu n'est pas dit faux."""
    for code, day, label in ON_A_DAY:
        async with run.step(f"Lire le code {code} au {day}"):
            answer = run.expect(await _look_up(run, code, day), 200)
            run.check(run.value(answer, "display") == label, f"C'est {label}", found=run.value(answer, "display"))
    async with run.step("Lire un code le jour où il ne désigne plus rien"):
        run.expect(await _look_up(run, "20004", "1976-01-01"), 404, "Le code n'est plus valide ce jour-là")
    async with run.step("Suivre les évènements communaux"):
        answer = run.expect(await _look_up(run, "20004"), 200)
        run.check("2A004" in str(answer), "20004 est devenu 2A004", found=answer)
    async with run.step("Lire un pays"):
        answer = run.expect(await _look_up(run, "99352", system=COUNTRIES), 200)
        run.check(run.value(answer, "display") == "Algérie", "99352 est l'Algérie")
    async with run.step("Vérifier un code bien formé que les référentiels n'ont pas"):
        query = {"url": COMMUNES, "code": "92999"}
        run.expect(
            await run.http.get("CodeSystem/$validate-code", params=query), 422, "Nul ne peut dire qu'il est faux"
        )


@scenario("SC.INS.02", title="Le lieu de naissance se saisit par son nom ou son code, à la date de naissance")
async def a_place_is_typed(run: Run) -> None:
    """Sans accents ni tirets, par abréviation, au nom d'alors ; INCONNU (99999) se choisit, n'est jamais proposé."""
    typed = (
        ("chaille sous", "", ("85043", "Chaillé-sous-les-Ormeaux")),
        ("st florent des bois", "1950-03-02", ("85213", "Saint-Florent-des-Bois")),
        ("ajaccio", "1970-01-01", ("20004", "Ajaccio")),
        ("ajaccio", "1980-01-01", ("2A004", "Ajaccio")),
        ("algerie", "", ("99352", "Algérie")),
        ("inconnu", "", ("99999", "INCONNU")),
    )
    for text, day, expected in typed:
        async with run.step(f"Saisir « {text} »" + (f" pour une naissance le {day}" if day else "")):
            found = await _typed(run, text, day)
            run.check(expected in found, f"{expected[1]} ({expected[0]}) est proposé", found=found)
    async with run.step("Ne rien saisir"):
        found = await _typed(run, "", "")
        run.check("99999" not in [code for code, _ in found], "INCONNU n'est pas proposé", found=found)


async def _look_up(run: Run, code: str, day: str = "", system: str = COMMUNES) -> Any:
    query = {"system": system, "code": code} | ({"date": day} if day else {})
    return await run.http.get("CodeSystem/$lookup", params=query)


async def _typed(run: Run, text: str, day: str) -> list[tuple[str, str]]:
    query = {"url": BIRTHPLACES, "filter": text, "count": "20"} | ({"date": day} if day else {})
    answer = run.expect(await run.http.get("ValueSet/$expand", params=query), 200)
    return [(each["code"], each["display"]) for each in answer["expansion"].get("contains", ())]
