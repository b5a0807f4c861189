"""The scenarios of what the server says of itself."""

import re

from usager_server.conformity.run import Run
from usager_server.conformity.scenario import scenario

NUMBERS = re.compile(r"\d+\.\d+\.\d+")


@scenario("P-GEN-01", title="Le numéro de version du logiciel est visible")
async def the_version_is_visible(run: Run) -> None:
    """Toute interface peut montrer le numéro de version technique, dont l'ordre des nombres suit celui du temps."""
    async with run.step("Lire la déclaration de conformité (CapabilityStatement)"):
        statement = run.expect(await run.http.get("metadata"), 200)
        software = statement.get("software", {})
        version = software.get("version", "")
        run.check(software.get("name"), "Le nom du logiciel est donné", found=software)
        run.check(NUMBERS.match(version), "Sa version est donnée, en trois nombres qui se comparent", found=version)
        run.check(software.get("releaseDate"), "La date de cette version est donnée", found=software)
    async with run.step("Lire une seconde fois"):
        again = run.expect(await run.http.get("metadata"), 200)["software"].get("version")
        run.check(again == version, "La version est la même", found=again)
