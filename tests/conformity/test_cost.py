"""What the evidence costs a server that serves: nothing is imported for it, and nothing is asked of it."""

import subprocess
import sys

HEAVY = ("conformity.run", "conformity.running", "conformity.dossier", "sandbox.running", "documents.conformity")
SCRIPT = """
import sys
import usager_server.app
from usager_server.plugins import activate
activate(["pa", "ph-avec-decision", "dom-soins", "pde", "pds", "ahi"])
print(*sys.modules)
"""


def test_a_server_that_serves_imports_neither_scenarios_nor_the_sandbox():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "usager_server.national.status.operation" in imported
    assert not imported & {"httpx", "trustme", *(f"usager_server.{name}" for name in HEAVY)}
