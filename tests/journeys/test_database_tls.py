"""A PostgreSQL on another machine, as docs/settings.md says it: TLS that is verified, or nothing at all.

Debian's PostgreSQL, since the programs of the embedded one speak no TLS.
"""

import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import trustme

from tests.clusters import OwnCluster, cluster_folder
from tests.conftest import DEBIAN_15, FAST
from tests.house.files import ROOT
from tests.live import free_port
from tests.whole import running_app, stored
from usager_server.backup.errors import BackupFailed
from usager_server.backup.keys import make_key
from usager_server.backup.making import back_up
from usager_server.backup.programs import Programs
from usager_server.backup.restoring import Wish, restore
from usager_server.errors import Unavailable
from usager_server.repository.cluster_user import own
from usager_server.repository.migrating import migrate
from usager_server.repository.opening import check
from usager_server.settings import Settings

PASSWORD = "p%40ss w%C3%B6rd"
DOORS = ["hostssl all certified 127.0.0.1/32 cert", "hostssl all all 127.0.0.1/32 scram-sha-256"]
ROLES = """
CREATE ROLE admin LOGIN SUPERUSER PASSWORD 'p@ss wörd';
ALTER ROLE usager_app PASSWORD 'p@ss wörd';
CREATE ROLE certified LOGIN IN ROLE usager_app;
"""
UNDER_TLS = """
SELECT ssl, version, client_dn FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)
WHERE usename = $1 AND application_name = 'usager'
"""


class Secured(OwnCluster):
    """It listens under TLS only; its certificate is for localhost, and the files of both ends lie in `files`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "pg", DEBIAN_15, free_port(), FAST | {"log_connections": "on"}, DOORS)
        self.files = folder
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(folder / "db-ca.pem"))
        trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
        self._issue("db", authority.issue_cert("role", common_name="certified"))
        for name, names in {"server": "localhost", "elsewhere": "db.example"}.items():
            self._issue(name, authority.issue_cert(names))
        for file in folder.glob("*.pem"):
            shutil.copy(file, self.folder)
            own(self.folder / file.name, self.account)
            (self.folder / file.name).chmod(0o600)
        self.options |= {
            "ssl": "on",
            "ssl_ca_file": f"'{self.folder}/db-ca.pem'",
            "ssl_cert_file": f"'{self.folder}/server.pem'",
            "ssl_key_file": f"'{self.folder}/server-key.pem'",
        }

    def _issue(self, name: str, issued: trustme.LeafCert) -> None:
        issued.cert_chain_pems[0].write_to_path(str(self.files / f"{name}.pem"))
        issued.private_key_pem.write_to_path(str(self.files / f"{name}-key.pem"))
        (self.files / f"{name}-key.pem").chmod(0o600)

    def documented(self, *, certificate: bool, user: str = "usager_app", database: str = "usager") -> str:
        """Return the address as the page gives it, with our names in the place of those of the example."""
        page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
        with_password, with_certificate = re.findall(r"USAGER_DATABASE_URL='(postgresql://\S+)'", page)
        address = with_certificate if certificate else with_password.replace("PASSWORD", PASSWORD.replace(" ", "%20"))
        ours = {"db.example/usager": f"localhost:{self.port}/{database}", "/etc/usager": str(self.files)}
        for theirs, here in ours.items():
            assert theirs in address
            address = address.replace(theirs, here)
        return address.replace("usager_app", user, 1)


@pytest.fixture(scope="module")
async def secured() -> AsyncIterator[Secured]:
    """A cluster with a database that was migrated by the socket."""
    if not DEBIAN_15.exists():
        pytest.skip("PostgreSQL 15 is not installed")
    with cluster_folder() as folder:
        cluster = Secured(folder)
        cluster.make().start()
        try:
            looking = await asyncpg.connect(cluster.url())
            await looking.execute("CREATE DATABASE usager")
            await migrate(cluster.url(database="usager"))
            await looking.execute(ROLES)
            await looking.close()
            yield cluster
        finally:
            cluster.stop()


@pytest.mark.parametrize(("certificate", "user"), [(False, "usager_app"), (True, "certified")])
async def test_what_the_page_says_serves_under_tls(secured: Secured, certificate: bool, user: str) -> None:
    url = secured.documented(certificate=certificate, user=user)
    async with running_app(url) as client:
        reference = await stored(client, {"resourceType": "Patient", "name": [{"family": "Durand"}]})
        assert (await client.get(f"/fhir/{reference}")).json()["name"] == [{"family": "Durand"}]
        looking = await asyncpg.connect(secured.url(database="usager"))
        connections = await looking.fetch(UNDER_TLS, user)
        await looking.close()
    assert connections and all(it["ssl"] and it["version"] in ("TLSv1.2", "TLSv1.3") for it in connections)
    assert all(bool(it["client_dn"]) == certificate for it in connections)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("db-ca.pem", "other.pem", "of no authority in sslrootcert"),
        ("localhost", "127.0.0.1", "the address must name one that it bears"),
        ("db-ca.pem", "nowhere.pem", "no file of sslrootcert, sslcert or sslkey"),
        ("db-ca.pem", "db-key.pem", "a file of sslrootcert, sslcert or sslkey cannot be used"),
        ("p%40ss", "hush", "the server does not take this password"),
        ("usager_app", "certified", "does not let this role in .*requires a valid client certificate"),
        ("/usager?", "/nothing?", 'the server refuses the connection .*"nothing" does not exist'),
        ("verify-full", "disable", "does not let this role in .*no encryption"),
    ],
)
async def test_what_is_wrong_is_told_with_what_is_right(secured: Secured, old: str, new: str, told: str) -> None:
    url = secured.documented(certificate=False)
    assert old in url
    for attempt, setting in ((check, "USAGER_DATABASE_URL"), (migrate, "USAGER_DATABASE_OWNER_URL")):
        with pytest.raises(Unavailable, match=f"^{setting}: .*{told}") as refused:
            await attempt(url.replace(old, new))
        assert "hush" not in str(refused.value) and "p%40ss" not in str(refused.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ssl": "off"}, "the server speaks no TLS: .*ssl = on"),
        ({"ssl_cert_file": "elsewhere.pem", "ssl_key_file": "elsewhere-key.pem"}, "not valid for 'localhost'"),
    ],
)
async def test_a_server_that_changed_is_refused(secured: Secured, options: dict[str, str], told: str) -> None:
    ours = {name: value if name == "ssl" else f"{secured.folder}/{value}" for name, value in options.items()}
    secured.set(ours)
    try:
        with pytest.raises(Unavailable, match=told):
            await check(secured.documented(certificate=False))
    finally:
        secured.set({name: secured.options[name].strip("'") for name in options})
    await check(secured.documented(certificate=False))


async def test_a_backup_goes_and_comes_back_under_tls(secured: Secured, tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    settings = Settings(
        database_url=secured.documented(certificate=False),
        backup_database_url=secured.documented(certificate=False, user="admin"),
        data_dir=tmp_path / "data",
        backup_folder=tmp_path / "backups",
        backup_key_file=tmp_path / "key",
    )
    async with running_app(settings.database_url or "") as client:
        reference = await stored(client, {"resourceType": "Patient", "name": [{"family": "Martin"}]})
    made = await back_up(settings)
    said: list[str] = []
    await restore(settings, Wish(made.path, replace=True), said.append)
    async with running_app(settings.database_url or "") as client:
        assert (await client.get(f"/fhir/{reference}")).json()["name"] == [{"family": "Martin"}]
    log = (secured.folder / "server.log").read_text()
    for program in ("pg_dump", "pg_restore"):
        entered = re.findall(rf"connection authorized: user=admin .*application_name={program}.*", log)
        assert entered and all("SSL enabled" in line for line in entered)


@pytest.mark.parametrize(("old", "new"), [("db-ca.pem", "other.pem"), ("localhost", "127.0.0.1")])
def test_the_programs_of_postgresql_verify_the_server_too(secured: Secured, old: str, new: str) -> None:
    url = secured.documented(certificate=False, user="admin").replace(old, new)
    with (
        Programs(DEBIAN_15, 15).dumping(url, "0-1") as dump,
        pytest.raises(BackupFailed, match=r"certificate verify failed|does not match host name"),
    ):
        dump.end()
