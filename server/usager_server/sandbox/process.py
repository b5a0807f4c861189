"""The process of one stand-in: told what to be by its argument, it leaves with the process that started it."""

import asyncio
import json
import signal
import ssl
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from usager_server import leash
from usager_server.sandbox.certificates import subject
from usager_server.sandbox.control import Control
from usager_server.sandbox.stand_in import Announcing, Service, Started
from usager_server.sandbox.wire import Wire


def main() -> None:
    """Read the order, serve, and say where; the first line of the output is JSON: the ports, or the error."""
    order = json.loads(sys.argv[1])
    try:
        asyncio.run(_serve(order))
    except Exception as error:  # told to the parent, who says it in one line
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), flush=True)
        sys.exit(1)


def load(service: str) -> Service:
    """Return the service that stands at "package.module:Class"."""
    module, _, name = service.partition(":")
    made: Service = getattr(import_module(module), name)()
    return made


async def _serve(order: dict[str, Any]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    played = load(order["service"])
    control = Control(played)
    service, orders = Wire(control.serve), Wire(control.order)
    ports = {"port": await service.start(tls=_tls(order)), "control": await orders.start()}
    leash.hold()
    try:
        if isinstance(played, Started):
            await played.start(f"https://localhost:{ports['port']}", subject(Path(order["client"])))
        announced = dict(played.settings()) if isinstance(played, Announcing) else {}
        print(json.dumps({**ports, "settings": announced}), flush=True)
        await stop.wait()
    finally:
        service.stop()
        orders.stop()
        if isinstance(played, Started):
            await played.stop()


def _tls(order: dict[str, Any]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(order["certificate"])
    if order["asks_certificate"]:  # one from elsewhere is refused in the handshake; none at all is for the service
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(order["authority"])
    return context


if __name__ == "__main__":
    main()
