"""The scenario of the certificates with which an operator of MSSanté is reached."""

from typing import Any

from usager_server.conformity.run import Installation, Run, StandInControl
from usager_server.conformity.scenario import scenario

NOBODY = {"imap": 0, "smtp": 0}
LOOKS, PAUSE_SECONDS = 50, 0.1
OURS = {
    "other-range": ("d'une autre gamme de l'IGC-Santé", "certificate-range"),
    "expired": ("de la gamme, mais périmé", "certificate-dates"),
    "forged": ("au nom de l'autorité de la gamme, mais contrefait", "certificate-authority"),
}
THEIRS = {**OURS, "other-name": ("de la gamme, mais au nom d'un autre serveur", "certificate-name")}


@scenario(
    "SC.MSS/CONF.27",
    title="Seul un certificat IGC-Santé Élémentaire Organisation relie le logiciel à l'API LPS, dans les deux sens",
    stand_ins=("mssante",),
    timeout_seconds=120,
)
async def only_the_range_opens_the_api_lps(run: Run) -> None:
    """IMAP et SMTP s'ouvrent (STARTTLS) quand les deux certificats sont de la gamme ; sinon, rien."""
    operator = await run.stand_in("mssante")
    async with run.installation() as aside:
        async with run.step(
            "Ouvrir les deux connexions, avec un certificat de la gamme face à un certificat de la gamme"
        ):
            await operator.reset()
            said = await _tried(run, aside, operator, "range")
            run.require(said.count(": open: TLSv1.") == 2, "IMAP et SMTP sont ouverts, en TLS 1.2 ou 1.3", found=said)
            run.check(await _taken(run, operator) == [True, True], "L'opérateur a vu notre certificat, et l'a accepté")
        for kind, (words, reason) in OURS.items():
            async with run.step(f"Essayer avec un certificat {words}"):
                await operator.reset()
                said = await _tried(run, aside, operator, kind)
                run.check(said.count(f": {reason}: ") == 2, "Le certificat est refusé, IMAP et SMTP", found=said)
                run.check("Le certificat de la structure" in said, "Le refus dit que c'est le nôtre", found=said)
                came = (await operator.ask({"seen": True}))["connections"]
                run.check(came == NOBODY, "L'opérateur n'a pas été appelé", found=came)
        for kind, (words, reason) in THEIRS.items():
            async with run.step(f"Essayer face à un opérateur dont le certificat est {words}"):
                await operator.seed({"shows": kind})
                said = await _tried(run, aside, operator, "range")
                run.check(said.count(f": {reason}: ") == 2, "La connexion est refusée, IMAP et SMTP", found=said)
                run.check("opérateur MSSanté" in said, "Le refus dit que c'est le sien", found=said)
                await operator.reset()
        run.attach("commandes.txt", aside.console, "Les commandes, ce qu'elles ont dit et leur code de sortie")


async def _tried(run: Run, aside: Installation, operator: StandInControl, kind: str) -> str:
    """Have the software try both connections with a certificate of this kind; return what it said."""
    given: dict[str, Any] = await operator.ask({"certificate": kind})
    own, authorities = aside.folder / f"{kind}.pem", aside.folder / "authorities.pem"
    own.write_text(given["certificate"], "ascii")
    authorities.write_text(given["authorities"], "ascii")
    aside.configure(
        mssante_imap=given["imap"],
        mssante_smtp=given["smtp"],
        mssante_certificate_file=str(own),
        mssante_trusted_ca_file=str(authorities),
        mssante_environment="test",
    )
    typed = await aside.typed("mssante", "check")
    is_open = ": open: " in typed.said
    run.check(typed.exit_code == (0 if is_open else 1), "Le code de sortie le dit", found=typed.said)
    return typed.said


async def _taken(run: Run, operator: StandInControl) -> list[bool]:
    """Return whether the operator took each certificate, as its log says, which comes after the connections."""
    taken: list[bool] = []
    for _ in range(LOOKS):
        taken = (await operator.ask({"seen": True}))["taken"]
        if len(taken) >= len(NOBODY):
            break
        await run.pause(PAUSE_SECONDS)
    return taken
