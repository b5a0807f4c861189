"""The scenarios of the status page."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

SERVICE = "Pro Santé Connect"
PATIENCE_SECONDS = 20.0


@scenario("SC.STATPP.01", title="Le lien vers la météo des services nationaux est donné")
async def the_link_is_given(run: Run) -> None:
    """Le logiciel fournit à toute interface l'adresse de la météo des services, que leur état soit connu ou non."""
    async with run.step("Demander l'état des services nationaux"):
        answer = run.expect(await run.http.get("$national-services-status"), 200)
        run.check(answer["resourceType"] == "Parameters", "La réponse est une ressource Parameters")
        link = run.value(answer, "link")
        run.check(str(link).startswith("https://"), "Le lien vers la météo des services est donné", found=link)
        state = run.value(answer, "state")
        run.check(state is not None, "L'état d'ensemble est donné, « unknown » s'il n'est pas connu", found=state)


@scenario(
    "SC.STATPP.01",
    title="La panne d'un service national se lit dans le logiciel",
    stand_ins=("national-status",),
    timeout_seconds=120,
)
async def an_outage_is_told(run: Run) -> None:
    """L'état de chaque service est lu sur la météo des services, et le lien reste donné quand elle ne répond pas."""
    page = await run.stand_in("national-status")
    async with run.step("Annoncer une panne sur la météo des services"):
        await page.reset()
        await page.seed({SERVICE: "major_outage"})
    async with run.step("Lire l'état des services dans le logiciel"):
        answer = await _until(run, lambda answer: _state_of(answer, SERVICE) == "outage")
        run.check(_state_of(answer, SERVICE) == "outage", f"{SERVICE} est donné en panne", found=answer)
        run.check(run.value(answer, "state") == "outage", "L'état d'ensemble le dit aussi")
        run.check(_state_of(answer, "MSSanté") == "operational", "Les autres services sont donnés opérationnels")
    async with run.step("Rendre la météo des services indisponible"):
        await page.fault("status", status=503, times=1000)
    async with run.step("Demander de nouveau l'état des services"):
        answer = await _until(run, lambda answer: run.value(answer, "state") == "unknown")
        run.check(run.value(answer, "state") == "unknown", "L'état est donné comme inconnu", found=answer)
        run.check(run.value(answer, "message"), "Un message en français le dit à l'utilisateur")
        run.check(run.value(answer, "link"), "Le lien reste donné")
    async with run.step("Remettre la météo des services en marche"):
        await page.reset()
        answer = await _until(run, lambda answer: run.value(answer, "state") == "operational")
        run.check(run.value(answer, "state") == "operational", "Tous les services sont opérationnels", found=answer)


async def _until(run: Run, is_there: Callable[[Any], bool]) -> Any:
    """Return the first answer that tells the change, or the last one: an answer is kept for a few seconds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        answer = run.expect(await run.http.get("$national-services-status"), 200)
        if is_there(answer) or time.monotonic() > end:
            return answer
        await asyncio.sleep(1)


def _state_of(answer: Any, service: str) -> str | None:
    for each in answer.get("parameter", ()):
        parts = {part["name"]: part for part in each.get("part", ())}
        if each["name"] == "service" and parts["name"]["valueString"] == service:
            return str(parts["state"]["valueCode"])
    return None
