"""The README's exchange, run as it is written."""

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.house.files import ROOT
from tests.live import LiveServer

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")  # those that a server makes


def exchanges() -> Iterator[tuple[str, str]]:
    """Yield the commands of the README's exchange with the answers it shows."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = text.partition("## One exchange")[2].partition("```console\n")[2].partition("```")[0]
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, answer = re.split(r"(?<!\\)\n", part, maxsplit=1)
        yield command, answer.strip()


def pattern(answer: str) -> str:
    """Return what an answer must match: an ellipsis stands for anything, an id for any other."""
    pieces = [re.escape(UUID.sub("ID", piece.strip("\n"))) for piece in answer.split("…")]
    return r"(?s:.*)".join(pieces)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_exchange_of_the_readme_is_true(server: LiveServer) -> None:
    seen = list(exchanges())
    assert len(seen) == 4
    for command, answer in seen:
        done = subprocess.run(
            ["bash", "-c", command.replace("http://127.0.0.1:8080", server.root)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        got = UUID.sub("ID", done.stdout.strip().replace(server.root, "http://127.0.0.1:8080"))
        assert re.fullmatch(pattern(answer), got), f"{command}\n{got}\n{done.stderr}"
