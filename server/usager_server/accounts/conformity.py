"""The scenarios of accounts: those of administration, and what is known of a professional."""

import re

import httpx

from usager_server.conformity.browser import Browser, code_of, cookie_of
from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

PASSWORD = "Rivage-42-loutre-Sel"  # noqa: S105 - of accounts that live as long as the scenario


@scenario(
    "SC.SSI/IAM.92", title="Les comptes d'administration sont à part, avec un mot de passe fort et un second facteur"
)
async def privileged_accounts_are_hardened(run: Run) -> None:
    """Sans attribut clinique, un mot de passe court refusé, un code exigé, et le compte bloqué après cinq erreurs."""
    name = run.unique("admin")
    async with run.step("Créer un compte d'administration avec un RPPS"):
        wrong = {"username": name, "kind": "privileged", "family": "Essai", "given": "Claude", "rpps": "19990000002"}
        answer = await run.http.post(_at(run, "/accounts"), json=wrong)
        run.check(answer.status_code == 422, "Il est refusé", found=answer.status_code)
    async with run.step("Le créer sans attribut clinique"):
        del wrong["rpps"]
        account = run.expect(await run.http.post(_at(run, "/accounts"), json=wrong), 201)
    async with run.step("Choisir un mot de passe de quinze caractères, puis un mot de passe connu"):
        for weak in ("Xk7#pQ9!zLw2mV4", "Password1Password1"):
            run.check((await _choose(run, account, weak)).status_code == 422, "Il est refusé")
    async with run.step("Choisir un mot de passe assez fort"):
        answer = await _choose(run, account, PASSWORD)
        run.require(answer.status_code == 303, "Il est accepté", found=answer.status_code)
    async with run.step("Se connecter avec le seul mot de passe"):
        page, cookie = await _first(run, name, PASSWORD)
        run.require(page.status_code == 200, "Un second facteur est demandé", found=page.status_code)
        run.check("__Host-session" not in str(page.headers), "Aucune session n'est ouverte")
    async with run.step("Donner un code faux, puis celui de l'application"):
        secret = _browser(run).secret(page)
        wrong_code = await _second(run, page, cookie, "000000")
        run.check(wrong_code.status_code == 401, "Le code faux est refusé", found=wrong_code.status_code)
        answer = await _second(run, page, cookie, code_of(secret))
        run.require("__Host-session" in str(answer.headers), "La session est ouverte", found=answer.status_code)
        again = await _second(run, page, cookie, code_of(secret))
        run.check(again.status_code == 400, "L'étape ne sert qu'une fois", found=again.status_code)
    async with run.step("Se tromper cinq fois de mot de passe"):
        await _lock(run, name)
        found = run.expect(await run.http.get(_at(run, f"/accounts/{account['id']}")), 200)
        run.check(found["state"] == "locked", "Le compte est bloqué", found=found["state"])
    async with run.step("Le débloquer, avec un motif"):
        path = _at(run, f"/accounts/{account['id']}/unlock")
        run.check((await run.http.post(path, json={})).status_code == 422, "Sans motif, c'est refusé")
        found = run.expect(await run.http.post(path, json={"reason": "identité vérifiée au téléphone"}), 200)
        run.check(found["state"] == "active", "Le compte est ouvert", found=found["state"])


@scenario("SC.SSI/IE.33", title="L'identité du professionnel est contrôlée à la création et à la modification")
async def the_identity_of_a_professional_is_checked(run: Run) -> None:
    """RPPS, noms et profession : ce qui est faux est nommé, une modification a un motif, un nouveau RPPS détache."""
    name, given = run.unique("pro"), {"family": "Essai", "given": "Dominique", "profession": "60"}
    async with run.step("Créer un compte dont le dernier chiffre du RPPS est faux"):
        answer = await run.http.post(_at(run, "/accounts"), json={"username": name, **given, "rpps": "19990000003"})
        run.require(answer.status_code == 422, "Il est refusé", found=answer.status_code)
        run.check(answer.json()["issue"][0]["expression"] == ["rpps"], "Le refus nomme le RPPS", found=answer.text)
    async with run.step("Le créer avec un RPPS exact"):
        made = {"username": name, **given, "rpps": "19990000002"}
        account = run.expect(await run.http.post(_at(run, "/accounts"), json=made), 201)
        kept = {key: account[key] for key in ("family", "given", "profession", "rpps")}
        run.check(kept == {**given, "rpps": "19990000002"}, "Les attributs sont retenus", found=kept)
    path = _at(run, f"/accounts/{account['id']}")
    async with run.step("Changer le nom sans motif, puis avec un motif"):
        answer = await run.http.patch(path, json={"family": "Durand"})
        run.check(answer.status_code == 422, "Sans motif, c'est refusé", found=answer.status_code)
        changed = run.expect(await run.http.patch(path, json={"family": "Durand", "reason": "mariage"}), 200)
        run.check(changed["family"] == "Durand", "Le nom est changé", found=changed["family"])
    async with run.step("Changer le RPPS"):
        changed = run.expect(
            await run.http.patch(path, json={"rpps": "19990000010", "reason": "erreur de saisie"}), 200
        )
        run.check(changed["psc"] == "declared", "Le compte attend une nouvelle connexion", found=changed["psc"])
    async with run.step("Désactiver le compte"):
        ended = run.expect(await run.http.post(f"{path}/disable", json={"reason": "fin de l'essai"}), 200)
        run.check(ended["state"] == "disabled", "Le compte est fermé et reste lisible", found=ended["state"])


@scenario("SC.SSI/IAM.91", title="La vie d'un compte laisse des traces")
async def the_life_of_an_account_is_traced(run: Run) -> None:
    """Création, attributs, droits, mots de passe, connexions réussies et refusées : chaque acte a sa trace."""
    name = run.unique("trace")
    async with run.step("Créer un compte d'administration, choisir son mot de passe, se connecter"):
        given = {"username": name, "kind": "privileged", "family": "Essai", "given": "Maxime"}
        account = run.expect(await run.http.post(_at(run, "/accounts"), json=given), 201)
        run.require((await _choose(run, account, "court")).status_code == 422, "Un mot de passe court est refusé")
        run.require((await _choose(run, account, PASSWORD)).status_code == 303, "Un mot de passe fort est accepté")
        page, cookie = await _first(run, name, PASSWORD)
        secret = _browser(run).secret(page)
        run.require((await _second(run, page, cookie, code_of(secret))).status_code == 200, "La session est ouverte")
    async with run.step("Changer un attribut et un droit, se tromper de mot de passe, suspendre"):
        path = _at(run, f"/accounts/{account['id']}")
        run.expect(await run.http.patch(path, json={"family": "Petit", "roles": ["support"], "reason": "essai"}), 200)
        run.check((await _first(run, name, "Faux-mot-de-passe-1"))[0].status_code == 401, "La connexion est refusée")
        run.expect(await run.http.post(f"{path}/suspend", json={"reason": "fin de l'essai"}), 200)
    async with run.step("Lire les traces du compte"):
        answer = await run.http.get("AuditEvent", params={"entity": f"account/{account['id']}", "_count": "100"})
        bundle = run.expect(answer, 200)
        acts = [_act(it["resource"]) for it in bundle.get("entry", [])]
        for act, success in WANTED:
            told = f"{act} ({'réussi' if success else 'refusé'})"
            run.check((act, success) in acts, f"Il y a une trace de {told}", found=sorted({it[0] for it in acts}))
        run.check(PASSWORD not in answer.text, "Aucun mot de passe n'est dans les traces")


@scenario("SC.SSI/IE.56", "SC.SSI/IE.57", title="Une coordonnée ne vaut qu'une fois vérifiée", stand_ins=("mail",))
async def contact_details_are_verified(run: Run) -> None:
    """À la création comme à la modification, un code envoyé à la coordonnée revient avant qu'elle ne vaille."""
    name = run.unique("contact")
    first, second, telephone = f"{name}@exemple.fr", f"{name}-2@exemple.fr", "+33612345678"
    async with run.step("Créer un compte avec une adresse électronique"):
        given = {"username": name, "kind": "privileged", "family": "Essai", "given": "Sacha", "email": first}
        account = run.expect(await run.http.post(_at(run, "/accounts"), json=given), 201)
        found = run.expect(await run.http.get(_at(run, f"/accounts/{account['id']}")), 200)["email"]
        run.check(found["value"] is None and found["pending"] == first, "Elle attend sa vérification", found=found)
    async with run.step("Se connecter"):
        headers = await _signed_in(run, account, name)
    async with run.step("Donner un code faux, puis celui qui a été envoyé"):
        await _verify(run, headers, "email", first)
        contacts = run.expect(await run.http.get(_at(run, "/account/contacts"), headers=headers), 200)
        run.check(contacts["email"]["value"] == first, "L'adresse vaut", found=contacts["email"])
    async with run.step("Donner une autre adresse"):
        given = {"value": second, "password": PASSWORD}
        changed = await run.http.put(_at(run, "/account/contacts/email"), json=given, headers=headers)
        run.require(changed.status_code == 202, "Un code est envoyé", found=changed.status_code)
        contacts = run.expect(await run.http.get(_at(run, "/account/contacts"), headers=headers), 200)
        run.check(contacts["email"]["value"] == first, "L'ancienne vaut encore", found=contacts["email"])
        notice = (await _letters(run, first))[-1]
        run.check("modification" in notice["subject"], "L'ancienne reçoit un avis", found=notice["subject"])
        run.check(second not in notice["text"], "L'avis ne donne pas la nouvelle")
        await _verify(run, headers, "email", second)
        contacts = run.expect(await run.http.get(_at(run, "/account/contacts"), headers=headers), 200)
        run.check(contacts["email"]["value"] == second, "La nouvelle vaut", found=contacts["email"])
    async with run.step("Donner un numéro de téléphone"):
        given = {"value": "06 12 34 56 78", "password": PASSWORD}
        changed = await run.http.put(_at(run, "/account/contacts/telephone"), json=given, headers=headers)
        run.require(changed.status_code == 202, "Un code est envoyé", found=changed.status_code)
        await _verify(run, headers, "telephone", "33612345678@sms.exemple.invalid")
        contacts = run.expect(await run.http.get(_at(run, "/account/contacts"), headers=headers), 200)
        run.check(contacts["telephone"]["value"] == telephone, "Le numéro vaut", found=contacts["telephone"])


WANTED = (
    ("account-created", True),
    ("password-refused", False),
    ("password-changed", True),
    ("account-state-changed", True),
    ("factor-added", True),
    ("sign-in", True),
    ("sign-in-refused", False),
    ("account-attribute-changed", True),
    ("right-granted", True),
    ("session-ended", True),
)


def _act(event: dict[str, object]) -> tuple[str, bool]:
    """Return what an AuditEvent of an account tells, and whether it succeeded."""
    details = re.findall(r'"type": ?"act", ?"valueString": ?"([a-z-]+)"', str(event).replace("'", '"'))
    return (details[0] if details else ""), event.get("outcome") == "0"


def _at(run: Run, path: str) -> str:
    return f"{run.base_url.removesuffix('/fhir')}{path}"


async def _signed_in(run: Run, account: dict[str, str], name: str) -> dict[str, str]:
    """Choose a password, enrol an application, sign in; return the headers of the session."""
    run.require((await _choose(run, account, PASSWORD)).status_code == 303, "Le mot de passe est accepté")
    page, cookie = await _first(run, name, PASSWORD)
    secret = _browser(run).secret(page)
    answer = await _second(run, page, cookie, code_of(secret))
    run.require(answer.status_code == 200, "La session est ouverte", found=answer.status_code)
    headers = {"Cookie": cookie_of(answer, "__Host-session")}
    session = run.expect(await run.http.get(_at(run, "/session"), headers=headers), 200)
    return {**headers, "X-CSRF-Token": session["csrf"]}


async def _letters(run: Run, to: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = (await (await run.stand_in("mail")).ask({"to": to}))["messages"]
    run.require(found, "Un message est arrivé")
    return found


async def _verify(run: Run, headers: dict[str, str], kind: str, to: str) -> None:
    """Give a wrong code, which changes nothing, then the one that was sent to an address."""
    code = _found(run, r"\b([0-9]{6})\b", (await _letters(run, to))[-1]["text"])
    path = _at(run, f"/account/contacts/{kind}/verification")
    wrong = await run.http.post(path, json={"code": f"{(int(code) + 1) % 10**6:06d}"}, headers=headers)
    run.check(wrong.status_code == 400, "Un code faux est refusé", found=wrong.status_code)
    right = await run.http.post(path, json={"code": code}, headers=headers)
    run.require(right.status_code == 204, "Le code reçu est accepté", found=right.status_code)


async def _choose(run: Run, account: dict[str, str], password: str) -> httpx.Response:
    return await _browser(run).choose(account["reset"], password)


async def _first(run: Run, name: str, password: str) -> tuple[httpx.Response, dict[str, str]]:
    return await _browser(run).first(name, password)


async def _second(run: Run, page: httpx.Response, cookie: dict[str, str], code: str) -> httpx.Response:
    return await _browser(run).second(page, cookie, code)


def _browser(run: Run) -> Browser:
    return Browser(run, run.http, _at(run, ""))


async def _lock(run: Run, name: str) -> None:
    """Give wrong passwords until the account is locked, as fast as the server lets one."""
    wrong = 0
    for _ in range(20):
        answer, _ = await _first(run, name, "Faux-mot-de-passe-1")
        if answer.status_code == 401:
            wrong += 1
        if wrong == 5:
            return
        await run.pause(float(answer.headers.get("Retry-After", "0.1")))
    run.check(wrong == 5, "Cinq mots de passe faux ont été essayés", found=wrong)


def _found(run: Run, pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    run.require(found, f"La page contient {pattern}", found=text[-300:])
    return found[1] if found else ""
