"""The processes of the sandbox: they start together, say why not, and none is left behind."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from dataclasses import replace

import httpx
import psutil
import pytest

from tests.sandbox.echo import broken, crashing, echo, other
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import SandboxError, lacking

WORDS = "usager_server.sandbox.process"


def stand_in_processes() -> set[int]:
    """Return the stand-ins that run on this machine below this process."""
    children = psutil.Process().children(recursive=True)
    return {it.pid for it in children if it.is_running() and WORDS in " ".join(it.cmdline())}


def is_gone(pid: int, seconds: float = 10) -> bool:
    """Tell whether a process ends within this time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


def test_each_stand_in_is_a_process_of_its_own_and_ends_with_the_sandbox():
    before = stand_in_processes()
    with Sandbox([echo, other]) as sandbox:
        folder = sandbox.ca_file.parent
        assert len(stand_in_processes() - before) == 2
    assert stand_in_processes() <= before
    assert not folder.exists()


@pytest.mark.parametrize("wrong", [broken, crashing])
def test_a_stand_in_that_does_not_start_is_named_and_nothing_is_left(wrong):
    before = stand_in_processes()
    with pytest.raises(SandboxError, match=f"the stand-in {wrong.name} .* does not start"):
        Sandbox([echo, wrong]).__enter__()
    assert stand_in_processes() <= before


def test_a_taken_control_port_is_named_and_nothing_is_left():
    before = stand_in_processes()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"the control port {port} cannot be used"):
            Sandbox([echo], control_port=port).__enter__()
    assert stand_in_processes() <= before


def test_a_stand_in_that_has_ended_is_told():
    with Sandbox([echo, other]) as sandbox:
        assert sandbox.fallen() == []
        sandbox.running[1].process.kill()
        sandbox.running[1].process.wait()
        assert sandbox.fallen() == ["other"]


def test_stand_ins_leave_when_the_sandbox_is_killed(tmp_path):
    script = (
        "import time; from tests.sandbox.echo import echo; from usager_server.sandbox.running import Sandbox\n"
        "with Sandbox([echo]) as it: print(it.running[0].process.pid, flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    assert is_gone(pid)


@pytest.mark.parametrize("need", ["no-such-program", "python3 99"])
def test_a_stand_in_whose_program_is_not_here_or_too_old_is_left_out(need):
    wanting = replace(other, needs=(need,))
    assert lacking(wanting) == [need]
    with Sandbox([echo, wanting]) as sandbox:
        assert [it.stand_in for it in sandbox.running] == [echo]
        assert sandbox.left_out == [wanting]
        assert "other_url" not in sandbox.settings


async def test_the_certificate_of_a_client_is_checked_and_reaches_the_service():
    asking = replace(echo, certificate_setting="echo_certificate_file", values={"echo_client": "usager"})
    with Sandbox([asking]) as sandbox:
        assert sandbox.settings["echo_certificate_file"] == str(sandbox.client_file)
        assert sandbox.settings["echo_client"] == "usager"
        for certificate in (None, sandbox.client_file):
            context = ssl.create_default_context(cafile=str(sandbox.ca_file))
            if certificate is not None:
                context.load_cert_chain(certificate)
            async with httpx.AsyncClient(verify=context) as client:
                answer = await client.get(sandbox.settings["echo_url"])
            assert ("certificate" in answer.json()) is (certificate is not None)
