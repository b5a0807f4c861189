"""`usager sandbox`: the stand-ins until Ctrl-C, and what to tell the server so that it calls them."""

import shlex
import time
from collections.abc import Callable, Sequence

from usager_server.leash import sigterm_as_interrupt
from usager_server.sandbox.running import Sandbox
from usager_server.sandbox.stand_in import SandboxError, StandIn, lacking

LOOK_EVERY_SECONDS = 0.5

Say = Callable[[str], None]


def run_until_stopped(stand_ins: Sequence[StandIn], control_port: int, put: Say, say: Say) -> None:
    """Run the stand-ins until SIGTERM or Ctrl-C.

    Shape   put takes the settings of the server, `USAGER_NAME=value` a line; say takes what a person reads.
    Errors  SandboxError when they do not start, or when one ends by itself.
    """
    try:
        with sigterm_as_interrupt(), Sandbox(stand_ins, control_port) as sandbox:
            for name, value in sandbox.settings.items():
                put(f"USAGER_{name.upper()}={shlex.quote(value)}")
            for it in sandbox.running:
                say(f"{it.stand_in.name:<24}{it.url:<32}{it.stand_in.title}")
            for left in sandbox.left_out:
                say(f"{left.name:<24}left out: it needs {' and '.join(lacking(left))}")
            say(f"Control API: {sandbox.control_url} (Ctrl-C stops it all)")
            _watch(sandbox)
    except KeyboardInterrupt:
        return


def _watch(sandbox: Sandbox) -> None:
    while True:
        if fallen := sandbox.fallen():
            raise SandboxError(f"the stand-in {fallen[0]} has ended by itself; its last words are above")
        time.sleep(LOOK_EVERY_SECONDS)
