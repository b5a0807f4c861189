"""The real thing: `usager proxy` in its own process, which may be killed and started again."""

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx

from tests.live import free_port


class LiveProxy:
    """One `usager proxy` on loopback, its settings in a file of a folder."""

    def __init__(self, folder: Path, given: dict[str, Any], certificates: Path) -> None:
        self.port = free_port()
        self.log_path, self.file = folder / "proxy.log", folder / "proxy.toml"
        self._certificates = certificates
        self._process: subprocess.Popen[bytes] | None = None
        listen = given["listen"] | {"port": self.port}
        self.file.write_text("".join(_toml(given | {"listen": listen})), encoding="utf-8")

    def start(self) -> "LiveProxy":
        """Start the process, and return once it answers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("USAGER_")}
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(Path(sys.executable).with_name("usager")), "proxy", "--file", str(self.file)],
                env=kept,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
        end = time.monotonic() + 60
        while not self._is_alive():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the proxy did not start:\n{self.log}")
            time.sleep(0.1)
        return self

    def kill(self) -> None:
        """`kill -9` the process."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask the process to end, as an operator would; return its exit code."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(30)

    def client(self, name: str | None = "dui.example", **cookies: str) -> httpx.AsyncClient:
        """Return a client that shows the certificate of this name, or none."""
        return httpx.AsyncClient(
            base_url=f"https://localhost:{self.port}", verify=self.tls(name), timeout=60, cookies=cookies
        )

    def tls(self, name: str | None) -> ssl.SSLContext:
        """Return the TLS of a caller."""
        context = ssl.create_default_context(cafile=self._certificates / "callers-ca.pem")
        if name is not None:
            context.load_cert_chain(self._certificates / f"{name}.pem")
        return context

    def raw(self, request: bytes) -> bytes:
        """Return the answer to bytes that no client library would send."""
        with (
            socket.create_connection(("localhost", self.port), timeout=20) as plain,
            self.tls("dui.example").wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            connection.sendall(request)
            answer = b""
            while part := connection.recv(65_536):
                answer += part
        return answer

    @property
    def log(self) -> str:
        """Return everything that the process has said."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def _is_alive(self) -> bool:
        try:
            address = f"https://localhost:{self.port}/check/alive"
            return httpx.get(address, verify=self.tls(None), timeout=5).text == "OK"
        except httpx.HTTPError:
            return False


def _toml(table: dict[str, Any], name: str = "") -> list[str]:
    values = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}\n" for key, value in values.items()]
    if name:
        lines.insert(0, f"[{name}]\n")
    for key, value in table.items():
        if isinstance(value, dict):
            lines += _toml(value, f"{name}.{key}" if name else key)
    return lines
