"""The stand-in of an operator: nothing of it stays, however it ends; it takes what it knows only."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil
import pytest

from usager_server.sandbox.running import Sandbox


def dovecot_below(pid: int) -> list[psutil.Process]:
    """Return the processes of Dovecot that a process has started."""
    return [it for it in psutil.Process(pid).children(recursive=True) if "dovecot" in " ".join(it.cmdline())]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_dovecot_and_its_folder_go_with_the_process(how, mssante_sandbox: Sandbox, tmp_path):
    running = mssante_sandbox.running[0]
    order = json.loads(running.process.args[-1])  # as the sandbox orders it, for another one
    command = [sys.executable, "-m", "usager_server.sandbox.process", json.dumps(order)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        folder = Path(told["settings"]["mssante_trusted_ca_file"]).parent
        started = dovecot_below(process.pid)
        assert started and folder.is_dir()
        process.send_signal(how)
    _, alive = psutil.wait_procs(started, timeout=10)
    assert not alive, alive
    end = time.monotonic() + 10
    while folder.exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not folder.exists()


async def test_what_it_does_not_know_is_refused(mssante):
    for wrong in ({}, {"shows": "nothing"}, {"certificate": "range"}):
        with pytest.raises(httpx.HTTPStatusError, match="the seed is"):
            await mssante.seed(wrong)
    with pytest.raises(httpx.HTTPStatusError, match="what is asked is"):
        await mssante.ask({"certificate": "other-name"})
