"""`python -m usager_server`: the command `usager`."""

from usager_server.cli import app

app(prog_name="usager")
