"""Who types a command, for the trace of it."""

import os
from getpass import getuser

from usager_server.traces.event import Origin


def operator(command: str) -> Origin:
    """Return who typed a command of `usager`, as this machine knows them."""
    try:
        name = getuser()
    except (KeyError, OSError):  # an account without a name, as in a container
        name = str(os.getuid())
    return Origin(f"operator:{name}", client=f"usager {command}")
