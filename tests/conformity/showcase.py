"""A report in which everything happens, for the tests of the dossier."""

from datetime import UTC, datetime

from usager_server import Run, Scenario, scenario
from usager_server.conformity.proof import behaviours, proofs
from usager_server.conformity.record import Check, Exchange, Record, Step
from usager_server.conformity.report import Report
from usager_server.conformity.running import prove
from usager_server.conformity.target import Software, Target
from usager_server.plugins import activate, survey


@scenario("SC.CDA/INT.18", title="Un document reçu deux fois n'est rangé qu'une fois")
async def fails(run: Run) -> None:
    """Le même document est versé deux fois & rangé <une> fois."""
    async with run.step("Verser le document"):
        document = b"<ClinicalDocument>" + b"<x>valeur</x>\n" * 900 + b"</ClinicalDocument>"
        run.expect(await run.http.post("import", content=document, headers={"Content-Type": "application/xml"}), 200)
        run.attach("lettre.xml", document, "Le document versé")
    async with run.step("Le verser de nouveau"):
        run.check(False, "Un seul document est rangé", found="<script>alert(1)</script>")
        run.expect(await run.http.get("refused"), 200)


@scenario("SC.STATPP.01", title="Le lien est donné")
async def passes(run: Run) -> None:
    """Le lien est donné."""
    async with run.step("Lire"):
        run.expect(await run.http.get("status"), 200)


@scenario("SC.INS.02", title="Sans bac à sable", stand_ins=("insi",))
async def is_not_run(run: Run) -> None:
    """Jamais exécuté."""


@scenario("SC.INS.01", title="Sans réponse", timeout_seconds=0.3)
async def hangs(run: Run) -> None:
    """Ne finit pas."""
    async with run.step("Attendre"):
        await run.http.get("slow")


@scenario("P-GEN-01", title="La version est visible")
async def behaves(run: Run) -> None:
    """Un comportement sans identifiant."""
    async with run.step("Lire"):
        run.expect(await run.http.get("metadata"), 200)


def report_of(target: Target, *scenarios: Scenario) -> Report:
    """Return the report of these scenarios on a product with the profile pa."""
    records = [prove(it, target) for it in scenarios]
    every = survey().requirements
    return Report(
        software=Software("Usager", "0.1.0"),
        base_url=target.base_url,
        profiles=activate(["pa"]).profiles,
        started=datetime(2026, 11, 26, 10, 5, tzinfo=UTC),
        seconds=12.3,
        records=records,
        proofs=proofs(every, ["general", "pa"], records),
        behaviours=behaviours(every, records),
        command="usager conformity --profiles pa --out dossier",
        has_sandbox=False,
        is_whole=True,
    )


def record_with(*events: Check | Exchange) -> Record:
    """Return the record of a run of one step in which this happened."""
    return Record(passes, steps=[Step("Lire", list(events))])
