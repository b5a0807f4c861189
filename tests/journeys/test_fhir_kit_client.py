"""fhir-kit-client (npm), a client that nobody here wrote, against a real server: every call it has."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.live import LiveServer
from tests.proofs.npm import installed

VERSION = "1.9.2"
SCRIPT = Path(__file__).with_name("fhir_kit_client.cjs")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed, and this client needs it")
def test_fhir_kit_client_works_unchanged(server: LiveServer) -> None:
    environment = os.environ | {"BASE_URL": server.base, "PACKAGE_DIR": str(installed("fhir-kit-client", VERSION))}
    done = subprocess.run(
        ["node", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    results = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {"script": done.stderr}
    assert {step: said for step, said in results.items() if said != "ok"} == {}
    assert len(results) >= 20
