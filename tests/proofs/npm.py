"""Packages of the npm registry, fetched by name into a cache when a proof needs one."""

import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from usager_server.repository.cluster_files import exclusive_lock

CACHE = Path(__file__).parents[2] / "build" / "npm"


def package(name: str, version: str) -> Path:
    """Return the folder of a package, fetched once; the test is skipped when npm cannot."""
    folder = CACHE / f"{name.replace('/', '-')}-{version}"
    if folder.exists():
        return folder / "package"
    _need_npm()
    CACHE.mkdir(parents=True, exist_ok=True)
    with exclusive_lock(CACHE / "lock"):  # another process of this run may be fetching it
        if not folder.exists():
            _unpack(name, version, folder)
    return folder / "package"


def _unpack(name: str, version: str, folder: Path) -> None:
    archive = _npm("pack", "--silent", f"{name}@{version}").splitlines()[-1]
    with tarfile.open(CACHE / archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2, Debian's, has none
        tar.extractall(folder.with_suffix(".part"))  # noqa: S202 - filtered on the line above
    (CACHE / archive).unlink()
    folder.with_suffix(".part").rename(folder)


def installed(name: str, version: str) -> Path:
    """Return a folder whose node_modules hold a package and what it depends on."""
    folder = CACHE / f"{name.replace('/', '-')}-{version}-installed"
    if not (folder / "node_modules" / name).exists():
        _need_npm()
        folder.mkdir(parents=True, exist_ok=True)
        _npm("install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), f"{name}@{version}")
    return folder


def _need_npm() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed, and this proof needs a package of its registry")


def _npm(*arguments: str) -> str:
    done = subprocess.run(["npm", *arguments], cwd=CACHE, capture_output=True, text=True, check=False, timeout=240)
    if done.returncode:
        pytest.skip(f"npm {arguments[0]} does not succeed here: {done.stderr.strip()[-300:]}")
    return done.stdout.strip()
