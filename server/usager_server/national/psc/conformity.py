"""The scenarios of the sign-in with Pro Santé Connect."""

import random
from urllib.parse import parse_qs, urlsplit

import httpx

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario


@scenario("SC.PSC.08", title="La demande d'authentification porte acr_values=eidas1", stand_ins=("psc",))
async def the_request_asks_for_eidas1(run: Run) -> None:
    """Le navigateur est envoyé vers Pro Santé Connect avec le niveau eidas1 ; un niveau absent en retour est refusé."""
    person = _person()
    async with run.step("Créer un compte rattaché par son RPPS"):
        await _account(run, person)
    async with run.step("Demander à se connecter avec Pro Santé Connect"):
        asked = await _asked(run)
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked["address"]).query).items()}
        run.check(query.get("acr_values") == "eidas1", "acr_values vaut eidas1", found=query.get("acr_values"))
        run.check(query.get("scope") == "openid scope_all", "La portée est openid scope_all", found=query.get("scope"))
        run.check(query.get("code_challenge_method") == "S256", "Le code est protégé par PKCE (S256)")
    async with run.step("Se connecter : le niveau obtenu est retenu avec la session"):
        cookie = await _arrived(run, person, asked)
        session = run.expect(await run.http.get(_at(run, "/session"), headers={"Cookie": cookie}), 200)
        run.check(session["acr"] == "eidas1", "La session retient eidas1", found=session["acr"])
    async with run.step("Se connecter quand Pro Santé Connect ne dit aucun niveau"):
        answer = await _back(run, person, await _asked(run), acr=None)
        run.check(answer.status_code == 403, "La connexion est refusée", found=answer.status_code)


@scenario("PSC/va1.01", title="Le compte est rattaché au RPPS et à Pro Santé Connect", stand_ins=("psc",))
async def the_account_is_attached(run: Run) -> None:
    """Un compte déclaré par son RPPS est rattaché à la première connexion ; une identité inconnue n'ouvre rien."""
    person, stranger = _person(), _person()
    async with run.step("Créer un compte en donnant son RPPS"):
        account = await _account(run, person)
        run.check(account["psc"] == "declared", "Le compte attend sa première connexion", found=account["psc"])
    async with run.step("Se connecter avec Pro Santé Connect"):
        cookie = await _arrived(run, person, await _asked(run))
        session = run.expect(await run.http.get(_at(run, "/session"), headers={"Cookie": cookie}), 200)
        run.check(session["account"] == account["id"], "La session est celle du compte", found=session["username"])
        run.check(session["means"] == "psc", "Le moyen est Pro Santé Connect", found=session["means"])
    async with run.step("Relire le compte"):
        found = run.expect(await run.http.get(_at(run, f"/accounts/{account['id']}")), 200)
        run.check(found["psc"] == "linked", "Le compte est rattaché", found=found["psc"])
        run.check(found["profession"] == "60", "La profession vient de Pro Santé Connect", found=found["profession"])
    async with run.step("Se connecter avec une identité sans compte"):
        answer = await _back(run, stranger, await _asked(run))
        run.check(answer.status_code == 403, "La connexion est refusée", found=answer.status_code)
    async with run.step("Détacher le compte : ses sessions finissent, et il ne se rattache pas seul"):
        path = _at(run, f"/accounts/{account['id']}/unlink")
        run.expect(await run.http.post(path, json={"reason": "erreur de rattachement"}), 200)
        ended = await run.http.get(_at(run, "/session"), headers={"Cookie": cookie})
        run.check(ended.status_code == 401, "La session est finie", found=ended.status_code)
        again = await _back(run, person, await _asked(run))
        run.check(again.status_code == 403, "La connexion est refusée", found=again.status_code)


@scenario(
    "SC.SSI/IE.38", title="L'utilisateur ferme sa session, sur le serveur et à Pro Santé Connect", stand_ins=("psc",)
)
async def a_session_is_closed(run: Run) -> None:
    """Après la déconnexion, le cookie conservé n'ouvre plus rien, et la session de Pro Santé Connect est fermée."""
    person = _person()
    async with run.step("Se connecter"):
        await _account(run, person)
        cookie = await _arrived(run, person, await _asked(run))
        session = run.expect(await run.http.get(_at(run, "/session"), headers={"Cookie": cookie}), 200)
    async with run.step("Fermer la session sans la preuve contre les demandes forgées"):
        forged = await run.http.delete(_at(run, "/session"), headers={"Cookie": cookie})
        run.check(forged.status_code == 403, "La demande est refusée", found=forged.status_code)
    async with run.step("Fermer la session"):
        headers = {"Cookie": cookie, "X-CSRF-Token": session["csrf"]}
        run.expect(await run.http.delete(_at(run, "/session"), headers=headers), 204)
    async with run.step("Présenter encore le cookie conservé"):
        after = await run.http.get(_at(run, "/session"), headers={"Cookie": cookie})
        run.check(after.status_code == 401, "Il n'ouvre plus rien", found=after.status_code)
    async with run.step("Regarder ce que Pro Santé Connect a reçu"):
        paths = [it["path"] for it in await (await run.stand_in("psc")).received()]
        run.check(any(it.endswith("/logout") for it in paths), "La fin de session lui est dite")
        run.check(any(it.endswith("/revoke") for it in paths), "Le jeton de rafraîchissement est révoqué")


@scenario("SC.SSI/IE.58", title="Une session inactive finit d'elle-même, en deux heures au plus", stand_ins=("psc",))
async def an_idle_session_ends(run: Run) -> None:
    """La durée d'inactivité ne dépasse jamais deux heures ; demandée courte, la session finit sous nos yeux."""
    person = _person()
    async with run.step("Demander une durée d'inactivité de dix heures"):
        await _account(run, person)
        cookie = await _arrived(run, person, await _asked(run, idle_seconds="36000"))
        session = run.expect(await run.http.get(_at(run, "/session"), headers={"Cookie": cookie}), 200)
        run.check(session["idle_seconds"] <= 7200, "Elle est de deux heures au plus", found=session["idle_seconds"])
    async with run.step("Demander trois secondes, sur un poste partagé"):
        cookie = await _arrived(run, person, await _asked(run, idle_seconds="3"))
        session = run.expect(await run.http.get(_at(run, "/session"), headers={"Cookie": cookie}), 200)
        run.check(session["idle_seconds"] == 3, "Elle est de trois secondes", found=session["idle_seconds"])
    async with run.step("Ne rien faire pendant quatre secondes"):
        await run.pause(4)
        after = await run.http.get(_at(run, "/session"), headers={"Cookie": cookie})
        run.check(after.status_code == 401, "La session est finie", found=after.status_code)


def _person() -> dict[str, object]:
    """Return somebody that Pro Santé Connect has not met, with an RPPS whose last digit agrees with the others."""
    digits = f"19{random.randrange(10**8):08d}"  # noqa: S311 - a name, not a secret
    doubled = [int(it) * (2 if place % 2 == 0 else 1) for place, it in enumerate(reversed(digits))]
    rpps = digits + str(-sum(it - 9 if it > 9 else it for it in doubled) % 10)
    return {
        "SubjectNameID": f"8{rpps}",
        "family_name": "ESSAI",
        "given_name": "CAMILLE",
        "SubjectRole": ["60^1.2.250.1.213.1.1.5.5"],
        "otherIds": [{"identifiant": rpps, "origine": "RPPS", "qualite": 1}],
    }


def _at(run: Run, path: str) -> str:
    return f"{run.base_url.removesuffix('/fhir')}{path}"


async def _account(run: Run, person: dict[str, object]) -> dict[str, str]:
    given = {"username": run.unique("camille"), "family": "Essai", "given": "Camille"}
    rpps = str(person["SubjectNameID"])[1:]
    made: dict[str, str] = run.expect(await run.http.post(_at(run, "/accounts"), json={**given, "rpps": rpps}), 201)
    return made


async def _asked(run: Run, **more: str) -> dict[str, str]:
    """Click on the button; return where the browser is sent, and its cookie."""
    answer = await run.http.get(_at(run, "/sign-in/psc"), params={"return": "/session", **more})
    run.require(answer.status_code == 303, "Le navigateur est envoyé vers Pro Santé Connect", found=answer.status_code)
    return {"address": answer.headers["location"], "cookie": _cookie(answer, "__Host-sign-in")}


async def _back(
    run: Run, person: dict[str, object], asked: dict[str, str], acr: str | None = "eidas1"
) -> httpx.Response:
    """Sign in there as somebody, at a level, and come back."""
    psc = await run.stand_in("psc")
    await psc.seed({"people": [person], "acr": acr})
    found = await psc.ask({"sign_in": asked["address"], "as": person["SubjectNameID"]})
    return await run.http.get(found["back"], headers={"Cookie": asked["cookie"]})


async def _arrived(run: Run, person: dict[str, object], asked: dict[str, str]) -> str:
    answer = await _back(run, person, asked)
    run.require(answer.status_code == 303, "La connexion aboutit", found=answer.status_code)
    return _cookie(answer, "__Host-session")


def _cookie(answer: httpx.Response, name: str) -> str:
    return next(it.partition(";")[0] for it in answer.headers.get_list("set-cookie") if it.startswith(f"{name}="))
