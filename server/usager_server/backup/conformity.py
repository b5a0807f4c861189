"""The scenario of backups: an installation is lost, and comes back."""

import shutil
from pathlib import Path

from usager_server.conformity.run import Installation, Run
from usager_server.conformity.scenario import scenario

DAMAGED = 4


@scenario(
    "SC.SSI/GEN.21.BIS",
    title="Une installation perdue revient d'une sauvegarde chiffrée, à l'octet près, traces comprises",
    timeout_seconds=240,
)
async def a_lost_installation_comes_back(run: Run) -> None:
    """Une installation est faite à part, sauvegardée pendant qu'elle sert, détruite, puis restaurée et contrôlée."""
    async with run.installation() as aside:
        async with run.step("Installer le logiciel à part, et y écrire un dossier"):
            await aside.start()
            family = run.unique("DURAND")
            patient = {"resourceType": "Patient", "name": [{"family": family}]}
            created = run.expect(await aside.http.post("Patient", json=patient), 201)
            changed = {**created, "birthDate": "1941-05-06"}
            run.expect(await aside.http.put(f"Patient/{created['id']}", json=changed), 200)
            written = [await aside.http.get(f"Patient/{created['id']}/_history/{version}") for version in "12"]
        async with run.step("Faire la clé des sauvegardes, puis une sauvegarde pendant que le serveur sert"):
            aside.configure(backup_folder=str(aside.folder / "backups"), backup_key_file=str(aside.folder / "key"))
            key = await aside.typed("backup", "key", str(aside.folder / "key"))
            run.check(key.exit_code == 0, "La clé est faite", found=key.said)
            made = await aside.typed("backup")
            run.require(made.exit_code == 0, "La sauvegarde est faite et contrôlée", found=made.said)
            run.expect(await aside.http.get(f"Patient/{created['id']}"), 200, "Le serveur sert toujours")
            backup = next((aside.folder / "backups").glob("usager-*"))
            readable = [part.name for part in backup.iterdir() if family.encode() in part.read_bytes()]
            run.check(readable == [], "Aucun nom ne s'y lit en clair", found=readable)
        async with run.step("Contrôler une copie dont un octet a changé, puis la sauvegarde"):
            await _refused_when_altered(run, aside, backup)
            whole = await aside.typed("backup", "verify", str(backup))
            run.check(whole.exit_code == 0, "La sauvegarde est entière", found=whole.said)
        async with run.step("S'exercer à restaurer, sans rien remplacer"):
            drill = await aside.typed("restore", "--drill", str(backup))
            run.check(drill.exit_code == 0, "L'essai de restauration réussit", found=drill.said)
            refused = await aside.typed("restore", str(backup))
            run.check(refused.exit_code == 2, "Restaurer sur des données présentes est refusé", found=refused.said)
        async with run.step("Détruire l'installation, puis la restaurer"):
            await aside.stop()
            shutil.rmtree(aside.data)
            restored = await aside.typed("restore", str(backup))
            run.require(restored.exit_code == 0, "La restauration réussit", found=restored.said)
        async with run.step("Relire le dossier, et contrôler la chaîne des traces"):
            await aside.start()
            for before in written:
                again = await aside.http.get(str(before.request.url))
                run.check(again.content == before.content, "La version est la même, à l'octet près", found=again.text)
            whole = await aside.typed("audit", "verify")
            run.check(whole.exit_code == 0 and "whole" in whole.said, "La chaîne est entière", found=whole.said)
        run.attach("commandes.txt", aside.console, "Les commandes, ce qu'elles ont dit et leur code de sortie")


async def _refused_when_altered(run: Run, aside: Installation, backup: Path) -> None:
    copy = Path(shutil.copytree(backup, aside.folder / "copie" / backup.name))
    content = bytearray((copy / "database.dump.age").read_bytes())
    content[len(content) // 2] ^= 1
    (copy / "database.dump.age").write_bytes(content)
    altered = await aside.typed("backup", "verify", str(copy))
    run.check(altered.exit_code == DAMAGED, "La copie est refusée", found=altered.said)
