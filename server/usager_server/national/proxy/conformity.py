"""The scenarios of the Proxy e-santé: part of the solution, what it keeps, one sign-in for all that lies behind it."""

import base64
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

from usager_server.conformity.browser import Browser, code_of, cookie_of
from usager_server.conformity.run import Api, Installation, Run, Surroundings
from usager_server.conformity.scenario import scenario

PROFESSIONAL = "819990000002"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
FR_CORE = "https://hl7.fr/ig/fhir/core"
NATIONAL_IDS = "urn:oid:1.2.250.1.71.4.2.1"

# As the DMP and the e-prescription would be: an authorization server, scopes and tokens of its own for each.
DMP, PRESCRIPTION = Api("essai-dmp", "dmp:lire"), Api("essai-ordonnance", "ordonnance:ecrire", is_late=True)
SCOPES = {"insi": "insi", DMP.name: DMP.scope, PRESCRIPTION.name: PRESCRIPTION.scope}
PASSWORD, USERNAME, BACK = "Rivage-42-loutre-Sel", "camille", "http://127.0.0.1:9/retour"
SCOPE = "user/Patient.cruds user/Practitioner.r"


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


@scenario(
    "P-PSC-01",
    title="Une seule authentification Pro Santé Connect sert d'un service à l'autre ; un compte local n'en ouvre aucun",
    stand_ins=("psc", "psc-apis", "insi"),
    timeout_seconds=300,
)
async def one_sign_in_serves_every_service(run: Run) -> None:
    """Un compte local ouvre le logiciel, pas les services ; PSC les ouvre tous en une fois, même son jeton fini.

    INSi est appelé par le logiciel. Le DMP et l'e-prescription, que le logiciel n'appelle pas encore, sont ici deux API
    d'essai derrière le même Proxy e-santé, appelées dans la session que le logiciel y a ouverte. La messagerie MSSanté,
    qui ne passe pas par lui, n'en est pas.
    """
    async with run.installation() as aside, run.surrounded(aside, [DMP, PRESCRIPTION]) as around:
        async with run.step("Installer à part le logiciel et son Proxy e-santé, devant PSC et trois API"):
            patient = await _started_with_sign_in(run, aside)
            await around.start()
        bearer = await _with_a_local_account(run, aside, around, patient)
        async with run.step("Se connecter à Pro Santé Connect : le professionnel accepte sur son téléphone"):
            began = datetime.now(UTC) - timedelta(seconds=5)
            asked = [{"name": "bindingMessage", "valueString": "42"}]
            body = {"resourceType": "Parameters", "parameter": asked}
            run.expect(await aside.http.post("$proxy-connect", json=body, headers=bearer, timeout=160), 200)
        async with run.caller(around) as software:
            async with run.step("Prendre la session du logiciel dans les traces du proxy, comme l'outil de conformité"):
                session = await _session(run, software, began)
            calls = _Calls(run, aside, software, {"Cookie": f"proxy_session_id={session}"}, patient, bearer)
            await _back_and_forth(run, around, calls)
            async with run.step("Se déconnecter, et appeler encore"):
                run.expect(await aside.http.post("$proxy-disconnect", headers=bearer), 200)
                await calls.to(*SCOPES, expected=401)


async def _with_a_local_account(run: Run, aside: Installation, around: Surroundings, patient: str) -> dict[str, str]:
    """Sign in without Pro Santé Connect, which opens the software only; return what opens it."""
    async with run.step("Se connecter par mot de passe, sans que l'organisation l'ait permis"):
        browser = await _account(run, aside)
        refused, _ = await browser.first(USERNAME, PASSWORD)
        run.check(refused.status_code == 401, "La connexion est refusée", found=refused.status_code)
    async with run.step("Se connecter par mot de passe et code, une fois que l'organisation le permet"):
        await aside.typed("tenants", "local-sign-in", "1")
        bearer = await _signed_in(run, aside, browser)
        run.expect(await aside.http.get(f"Patient/{patient}", headers=bearer), 200, "Le dossier se lit")
    async with run.step("Interroger INSi avec ce seul compte"):
        answer = await aside.http.post(f"Patient/{patient}/$ins-search", headers=bearer)
        run.check(answer.status_code == 401, "L'appel est refusé", found=answer.status_code)
        told = "Connectez-vous d'abord à Pro Santé Connect"
        run.check(told in answer.text, "Le refus dit de se connecter à Pro Santé Connect", found=answer.text)
        run.check(await around.insi.received() == [], "INSi n'a pas été appelé")
        run.check(await _authentications(around) == 0, "Personne ne s'est authentifié à PSC")
    return bearer


class _Calls:
    """Calls of each service in one session at the proxy: INSi by the software, the others as it would."""

    def __init__(
        self,
        run: Run,
        aside: Installation,
        software: httpx.AsyncClient,
        session: dict[str, str],
        patient: str,
        bearer: dict[str, str],
    ) -> None:
        self._run, self._aside, self._software = run, aside, software
        self._session, self._patient, self._bearer = session, patient, bearer

    async def to(self, *services: str, expected: int = 200) -> None:
        """Call these services, one after the other."""
        for service in services:
            await (self._insi if service == "insi" else self._other)(service, expected)

    async def _insi(self, service: str, expected: int) -> None:
        answer = await self._aside.http.post(f"Patient/{self._patient}/$ins-search", headers=self._bearer)
        found = self._run.expect(answer, expected, f"{service} : {expected}")
        if expected == 200:
            self._run.check(self._run.value(found, "code") == "00", "INSi donne l'identité")

    async def _other(self, service: str, expected: int) -> None:
        answer = await self._software.get(f"/send/{service}/dossier?page=1", headers=self._session)
        found = self._run.expect(answer, expected, f"{service} : {expected}")
        if expected == 200:
            came = (answer.headers.get("x-api"), found["path"], found["query"])
            self._run.check(came == (service, "/dossier", "page=1"), "C'est cette API qui répond", found=came)


async def _back_and_forth(run: Run, around: Surroundings, calls: _Calls) -> None:
    """Call the services in turn, before and after the token of Pro Santé Connect has ended."""
    async with run.step("Aller d'un service à l'autre, et en revenir"):
        await calls.to("insi", DMP.name, PRESCRIPTION.name, DMP.name, "insi", PRESCRIPTION.name)
    async with run.step("Regarder ce que chaque service a reçu"):
        first = await _exchanged(run, around)
    async with run.step("Finir la vie du jeton PSC, comme après ses 120 s, et faire oublier leurs jetons aux API"):
        await around.psc.seed({"expire": True})
        await around.insi.reset()
        await around.apis.seed({"forget": True})
        run.check(await _authentications(around) == 1, "PSC a compté une authentification jusque-là")
    async with run.step("Aller encore d'un service à l'autre"):
        await calls.to(PRESCRIPTION.name, "insi", DMP.name, PRESCRIPTION.name)
        for name, before in {
            "insi": 0,
            DMP.name: 1,
            PRESCRIPTION.name: 1,
        }.items():  # what INSi had received is forgotten
            fresh = [_subject(it) for it in await _exchanges(around, name)][before:]
            is_other = len(fresh) == 1 and fresh[0] not in first
            run.check(is_other, f"{name} : un autre jeton a été obtenu, contre un autre jeton PSC", found=len(fresh))
    async with run.step("Compter les authentifications"):
        count = await _authentications(around)
        run.check(count == 1, "Pro Santé Connect n'en a compté qu'une", found=count)


async def _started_with_sign_in(run: Run, aside: Installation) -> str:
    """Start the software, with a professional and somebody whom INSi knows; then have people sign in to it."""
    await aside.start()
    identifier = {"system": NATIONAL_IDS, "value": PROFESSIONAL}
    professional = {"resourceType": "Practitioner", "id": USERNAME, "identifier": [identifier]}
    run.expect(await aside.http.put(f"Practitioner/{USERNAME}", json=professional), 201)
    patient = await _patient(run, aside)
    await aside.stop()
    aside.configure(auth="smart", base_url=_base(aside))
    await aside.start()
    return str(patient["id"])


async def _account(run: Run, aside: Installation) -> Browser:
    """Make the account of the professional, and have them choose a password."""
    who = ("--family", "Essai", "--given", "Camille", "--rpps", PROFESSIONAL[1:], "--role", "professional")
    made = await aside.typed("accounts", "add", USERNAME, *who, "--practitioner", f"Practitioner/{USERNAME}")
    run.require(made.exit_code == 0, "Le compte est fait", found=made.said)
    browser = Browser(run, aside.http, aside.root)
    link = next(line for line in made.said.splitlines() if line.startswith("/sign-in/reset"))
    chosen = await browser.choose(f"{aside.root}{link}", PASSWORD)
    run.require(chosen.status_code == 303, "Le mot de passe est choisi", found=chosen.status_code)
    return browser


async def _signed_in(run: Run, aside: Installation, browser: Browser) -> dict[str, str]:
    """Sign in with a password and a code; return the header of an application that acts for the professional."""
    page, cookie = await browser.first(USERNAME, PASSWORD)
    answer = await browser.second(page, cookie, code_of(browser.secret(page)))
    run.require(answer.status_code == 200, "La session est ouverte", found=answer.status_code)
    words = ("Dossiers", "--public", "--scope", SCOPE, "--redirect-uri", BACK)
    added = await aside.typed("clients", "add", *words)
    run.require(added.exit_code == 0, "Une application est enregistrée", found=added.said)
    client_id = added.said.split()[-1]
    session = cookie_of(answer, "__Host-session")
    return {"Authorization": f"Bearer {await browser.token(session, client_id, BACK, SCOPE, _base(aside))}"}


def _base(aside: Installation) -> str:
    return f"{aside.root}/fhir"


async def _session(run: Run, software: httpx.AsyncClient, began: datetime) -> str:
    """Return the session that the software has opened at the proxy, which is in campaign and shows it."""
    traces = run.expect(await software.get("/traces", params={"start": began.isoformat()}), 200)
    opened = [it for it in traces if it["type"] == "CONNECT_SUCCESS"]
    run.require(len(opened) == 1, "Une session est ouverte au proxy", found=len(opened))
    run.check(opened[0]["IdRPPS"] == PROFESSIONAL, "Au nom du professionnel", found=opened[0]["IdRPPS"])
    return str(opened[0]["proxy_id_session"])


async def _exchanged(run: Run, around: Surroundings) -> set[str]:
    """Check that each API was opened once, by an exchange with its own scope; return the tokens of PSC that did it."""
    came = [*await around.insi.received(), *await around.apis.received()]
    bearers: set[str] = set()
    subjects: set[str] = set()
    for name, scope in SCOPES.items():
        called = "/api/lps" if name == "insi" else f"/{name}/api/dossier"
        forms = await _exchanges(around, name)
        run.require(len(forms) == 1, f"{name} : un jeton a été obtenu, une fois", found=len(forms))
        run.check(forms[0].get("grant_type") == [EXCHANGE], f"{name} : par échange de jeton (RFC 8693)")
        run.check(forms[0].get("scope") == [scope], f"{name} : avec sa portée, {scope}", found=forms[0].get("scope"))
        shown = {it["headers"].get("authorization", "") for it in came if it["path"] == called}
        run.check(len(shown) == 1, f"{name} : tous les appels ont porté ce jeton", found=len(shown))
        bearers |= shown
        subjects.add(_subject(forms[0]))
    run.check(len(bearers) == len(SCOPES), "Chaque API a son jeton", found=len(bearers))
    bound = [_claims(it) for it in bearers if it.count(".") == 2]  # that of INSi is opaque
    names = {str(it.get("aud")) for it in bound}
    run.check(names == {DMP.name, PRESCRIPTION.name}, "Le jeton d'une API n'est que pour elle", found=names)
    is_bound = bound and all("x5t#S256" in it.get("cnf", {}) for it in bound)
    run.check(is_bound, "Ces jetons sont liés au certificat du proxy (RFC 8705)")
    return subjects


async def _exchanges(around: Surroundings, name: str) -> list[dict[str, list[str]]]:
    """Return the forms with which tokens of an API were asked for, oldest first."""
    came = await (around.insi if name == "insi" else around.apis).received()
    path = "/as/token" if name == "insi" else f"/{name}/token"
    return [parse_qs(it["body"]) for it in came if it["path"] == path]


def _subject(form: dict[str, list[str]]) -> str:
    return form.get("subject_token", [""])[0]


async def _authentications(around: Surroundings) -> int:
    """Return how many times somebody has proven to Pro Santé Connect who they are."""
    return int((await around.psc.ask({"counts": True}))["authentications"])


def _claims(bearer: str) -> dict[str, Any]:
    """Return what a token of the stand-in says: it is a JWT, whose signature is the stand-in's affair."""
    part = bearer.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


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
