"""`usager sandbox`: what it prints, how it ends."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
from typer.testing import CliRunner

from tests.live import process_tree
from tests.sandbox.test_running import is_gone
from usager_server.cli import app

CONTROL = re.compile(r"Control API: (\S+)")
USAGER = str(Path(sys.executable).with_name("usager"))


def test_it_prints_the_settings_of_the_server_and_leaves_nothing_at_sigterm(tmp_path):
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [USAGER, "sandbox", "--profiles", "pa", "--control-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as it:
        assert it.stdout is not None
        assert it.stderr is not None
        control = next(url for line in it.stderr for url in CONTROL.findall(line))
        assert httpx.get(control).json()["stand_ins"][0]["name"] == "national-status"
        pids = process_tree(it.pid)
        it.send_signal(signal.SIGTERM)
        said, _ = it.communicate(timeout=20)
        assert it.returncode == 0
    settings = dict(line.split("=", 1) for line in said.splitlines())
    assert settings["USAGER_NATIONAL_STATUS_SUMMARY_URL"].startswith("https://localhost:")
    assert settings["USAGER_TRUSTED_CA_FILE"].startswith(str(tmp_path))
    assert all(is_gone(pid) for pid in pids)
    assert list(tmp_path.iterdir()) == []


def test_a_stand_in_that_ends_ends_the_sandbox_with_1():
    command = [USAGER, "sandbox", "--control-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as it:
        assert it.stdout is not None
        it.stdout.readline()
        os.kill(process_tree(it.pid)[1], signal.SIGKILL)
        _, told = it.communicate(timeout=20)
        assert it.returncode == 1
        assert "usager: the stand-in national-status has ended by itself" in told


def test_an_unknown_profile_ends_it_with_2():
    done = CliRunner().invoke(app, ["sandbox", "--profiles", "papa"])
    assert done.exit_code == 2
    assert "did you mean pa?" in done.stderr
