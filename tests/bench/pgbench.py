"""The floor: `pgbench` on the very rows of the population, through the same row-level security."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.bench.accounting import Meter
from tests.bench.bulk import database_url
from tests.live import LiveServer
from usager_server.definitions import load
from usager_server.repository.embedded import wheel_binaries

# The same statement a read needs, and the rows that a create of that Patient leaves.
READ = """
\\set number random(1, {persons})
SELECT s.document FROM set_config('app.tenant', '1', true) AS t(tenant), LATERAL (
  SELECT document FROM resource WHERE tenant = t.tenant::int AND type = {type} AND id = 'p' || :number OFFSET 0) AS s;
"""
CREATE = """
\\set number random(1, {persons})
\\set row random(-9000000000000000000, -1)
BEGIN;
SELECT set_config('app.tenant', '1', true);
WITH source AS (SELECT * FROM resource WHERE tenant = 1 AND type = {type} AND id = 'p' || :number),
made AS (INSERT INTO resource (row, self, last_updated, tenant, version, type, method, id, document)
  SELECT :row::bigint, :row::bigint, now(), 1, 1, type, method, 'pgbench' || :row, document FROM source),
tokens AS (INSERT INTO index_token (head, tail, row, tenant)
  SELECT i.head, i.tail, :row::bigint, 1 FROM index_token i, source s WHERE i.tenant = 1 AND i.row = s.row),
links AS (INSERT INTO index_reference (parameter, target, row, tenant)
  SELECT i.parameter, i.target, :row::bigint, 1 FROM index_reference i, source s WHERE i.tenant = 1 AND i.row = s.row),
dates AS (INSERT INTO index_date (parameter, low, high, row, tenant)
  SELECT i.parameter, i.low, i.high, :row::bigint, 1 FROM index_date i, source s WHERE i.tenant = 1 AND i.row = s.row)
INSERT INTO index_string (parameter, value, spelling, row, tenant)
  SELECT i.parameter, i.value, i.spelling, :row::bigint, 1 FROM index_string i, source s
  WHERE i.tenant = 1 AND i.row = s.row;
COMMIT;
"""


@dataclass(frozen=True, slots=True)
class Floor:
    """What the database alone takes: CPU milliseconds a transaction, and transactions a second on this machine."""

    database_ms: float
    per_second: float


def run(server: LiveServer, persons: int, script: str, folder: Path, *, seconds: float, clients: int = 8) -> Floor:
    """Run a pgbench script against the database of a live server."""
    file = folder / "pgbench.sql"
    file.write_text(script.format(persons=persons, type=load().type_numbers["Patient"]).strip() + "\n")
    meter = Meter(server)
    options = ["-n", "-M", "prepared", "-c", str(clients), "-T", f"{seconds:.0f}", "-f", str(file)]
    done = subprocess.run(
        [str(wheel_binaries() / "pgbench"), *options, database_url(server)], capture_output=True, text=True, check=False
    )
    words = ("actually processed", "tps")
    count, rate = (re.search(rf"{word}(?: \S+)? ?[:=] ([\d.]+)", done.stdout) for word in words)
    if not count or not rate:
        raise RuntimeError(f"pgbench gave no figures:\n{done.stdout}\n{done.stderr}")
    return Floor(meter.spent().database / float(count[1]) * 1e3, float(rate[1]))
