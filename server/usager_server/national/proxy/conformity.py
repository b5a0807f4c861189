"""The scenario of the Proxy e-santé: part of the solution, and what it keeps of Pro Santé Connect."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

import httpx

from usager_server.conformity.run import Installation, Run, Surroundings
from usager_server.conformity.scenario import scenario

PROFESSIONAL = "819990000002"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
FR_CORE = "https://hl7.fr/ig/fhir/core"


@scenario(
    "P-PSC-02",
    "SC.MSS/CONF.28",
    title="Le Proxy e-santé fait partie de la solution, et le jeton d'accès PSC n'est jamais gardé",
    stand_ins=("psc", "insi"),
    timeout_seconds=300,
)
async def the_proxy_is_part_of_the_solution(run: Run) -> None:
    """Le logiciel et son proxy sont installés à part ; INSi est appelé à travers eux ; ce qui reste est fouillé."""
    async with run.installation() as aside, run.surrounded(aside) as around:
        async with run.step("Installer à part le logiciel et son Proxy e-santé, devant PSC et INSi d'essai"):
            await aside.start()
            await around.start()
        async with run.step("Se connecter : le professionnel accepte sur son téléphone"):
            run.expect(await _asked(aside, "$proxy-connect", bindingMessage="42"), 200)
        async with run.step("Chercher une identité dans INSi"):
            patient = await _patient(run, aside)
            await _found(run, aside, patient)
        async with run.step("Regarder ce que PSC et INSi ont reçu"):
            tokens = await _looked_at(run, around)
        async with run.step("Chercher le jeton d'accès PSC dans la base, les fichiers et les journaux"):
            await _search(run, around, tokens, patient)
        async with run.step("Tuer le proxy, le relancer, et faire refuser le jeton de l'API"):
            await around.kill_proxy()
            await around.start_proxy()
            await around.insi.reset()
            await around.psc.reset()
            await _found(run, aside, patient)
        async with run.step("Regarder de quel jeton PSC il s'est servi"):
            forms = [parse_qs(it.get("body", "")) for it in await around.psc.received()]
            asked = any(form.get("grant_type") == ["refresh_token"] for form in forms)
            run.check(asked, "Il en a demandé un nouveau : il n'avait pas gardé l'ancien")
            again = await _access_tokens(around)
            run.require(again and not again & tokens, "C'est un autre jeton")
            await _search(run, around, tokens | again, patient)
        async with run.step("Se déconnecter, et appeler encore"):
            run.expect(await _asked(aside, "$proxy-disconnect"), 200)
            answer = await _asked(aside, f"Patient/{patient['id']}/$ins-search")
            run.check(answer.status_code == 401, "Il faut se reconnecter", found=answer.status_code)


async def _looked_at(run: Run, around: Surroundings) -> set[str]:
    """Check the exchanges; return the access tokens of Pro Santé Connect that were used."""
    at_psc, at_insi = await around.psc.received(), await around.insi.received()
    ciba = [it for it in at_psc if it["path"].endswith("/ext/ciba/auth") or "login_hint" in it.get("body", "")]
    run.require(len(ciba) == 1, "PSC a demandé son accord au professionnel (CIBA)", found=len(ciba))
    hint = parse_qs(ciba[0]["body"])
    run.check(hint.get("login_hint") == [PROFESSIONAL], "Par son identifiant national")
    run.check(hint.get("acr_values") == ["eidas1"], "Au niveau eidas1", found=hint.get("acr_values"))
    exchanges = [parse_qs(it["body"]) for it in at_insi if it["path"] == "/as/token"]
    run.require(len(exchanges) == 1, "Un jeton de l'API a été obtenu", found=len(exchanges))
    run.check(exchanges[0].get("grant_type") == [EXCHANGE], "Par échange de jeton (RFC 8693)")
    calls = [it for it in at_insi if it["path"] == "/api/lps"]
    bound = all(it["headers"].get("authorization", "").startswith("Bearer ") for it in calls)
    run.check(bool(calls) and bound, "INSi a été appelé avec ce jeton, sous le certificat du proxy", found=len(calls))
    run.check("Assertion" in calls[0]["body"], "L'assertion SAML des TLSi est dans l'appel")
    run.check(not [it for it in at_insi if it["path"] == "/lps"], "Rien n'est parti sans passer par le proxy")
    tokens = await _access_tokens(around)
    run.require(tokens, "Le jeton d'accès PSC a été vu chez ceux à qui il est destiné")
    return tokens


async def _access_tokens(around: Surroundings) -> set[str]:
    """Return the access tokens of Pro Santé Connect that were shown to it and at INSi."""
    forms = [parse_qs(it.get("body", "")) for it in await around.insi.received() if it["path"] == "/as/token"]
    bearers = [it["headers"].get("authorization", "") for it in await around.psc.received()]
    shown = {value.removeprefix("Bearer ") for value in bearers if value.startswith("Bearer ")}
    return shown | {token for form in forms for token in form.get("subject_token", ())}


async def _search(run: Run, around: Surroundings, tokens: Iterable[str], patient: dict[str, Any]) -> None:
    rows, files = await around.rows(), around.files()
    run.require(patient["id"].encode() in rows, "Les lignes de la base sont lues : le dossier y est")
    run.check("proxy.log" in files and "server.log" in files, "Les journaux sont lus", found=len(files))
    told = [name for name, content in {"la base": rows, **files}.items() if around.holds(content, tokens)]
    run.check(told == [], "Le jeton d'accès n'est nulle part", found=told)


async def _patient(run: Run, aside: Installation) -> dict[str, Any]:
    """Return a record of somebody whom INSi knows."""
    body = {
        "resourceType": "Patient",
        "meta": {"profile": [f"{FR_CORE}/StructureDefinition/fr-core-patient"]},
        "active": True,
        "name": [{"use": "official", "family": "Adrun", "given": ["Zoé"]}],
        "gender": "female",
        "birthDate": "1975-12-31",
    }
    made: dict[str, Any] = run.expect(await aside.http.post("Patient", json=body), 201)
    return made


async def _found(run: Run, aside: Installation, patient: dict[str, Any]) -> None:
    found = run.expect(await _asked(aside, f"Patient/{patient['id']}/$ins-search"), 200)
    run.require(run.value(found, "code") == "00", "INSi donne l'identité", found=run.value(found, "message"))


async def _asked(aside: Installation, address: str, **texts: str) -> httpx.Response:
    parts = [{"name": name, "valueString": text} for name, text in {"nationalId": PROFESSIONAL, **texts}.items()]
    return await aside.http.post(address, json={"resourceType": "Parameters", "parameter": parts}, timeout=160)
