"""The listener of the proxy: who shows no certificate leaves room for those who do."""

import asyncio
import socket
from ipaddress import ip_network

import pytest
import uvicorn

from usager_server.proxy.serving import PeerProtocol

LOOPBACK = ip_network("127.0.0.0/8")


async def nothing(scope, _receive, _send):
    """Answer nothing: these tests only connect."""
    assert scope["type"] == "http"


@pytest.mark.parametrize(("trusted", "left"), [((), 2), ((LOOPBACK,), 5)])
async def test_strangers_do_not_take_every_connection(trusted, left):
    protocol = type("Protocol", (PeerProtocol,), {"strangers_at_once": 2, "trusted": trusted})
    config = uvicorn.Config(nothing, http=protocol, interface="asgi3", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = asyncio.create_task(server._serve([listening]))
        opened = [await asyncio.open_connection(*listening.getsockname()) for _ in range(5)]
        waiting = {asyncio.create_task(reader.read(1)) for reader, _ in opened}
        while len(waiting) > left:
            ended, waiting = await asyncio.wait(waiting, timeout=10, return_when=asyncio.FIRST_COMPLETED)
            assert ended, "a stranger too many is kept"
        ended, waiting = await asyncio.wait(waiting, timeout=0.1)
        for _, writer in opened:
            writer.close()
        server.should_exit = True
        await asyncio.gather(serving, *waiting)
    assert (len(ended), len(waiting)) == (0, left)
