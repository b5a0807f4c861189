"""What a start imports: names of modules, since times are of one machine."""

import subprocess
import sys

import pytest

# Each is for one thing that may never be asked for: a migration, a page, a metric, a CDA document, a loaded file.
NEVER_AT_START = (
    "alembic",
    "fhir",
    "httpx",
    "jinja2",
    "prometheus_client",
    "sqlalchemy",
    "sqlmodel",
    "usager_cda.document",
    "usager_cda.header",
    "usager_server.openapi",
)
ALL_PROFILES = "pa,ph-avec-decision,dom-soins,pde,pds,ahi"

A_SERVER = """
import usager_server.cli, usager_server.serving, usager_server.app, usager_server.http.server
from usager_server.app import build_house, no_store
from usager_server.definitions import load
from usager_server.plugins import activate
from usager_server.environment import load_settings
settings = load_settings()
build_house(settings, activate(settings.profile_keys), load(), no_store)
"""


def modules_after(code: str) -> set[str]:
    """Return the names of what a fresh Python has imported."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
        env={"USAGER_PROFILES": ALL_PROFILES},
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def at_start() -> set[str]:
    """The modules of a server with every profile on, before its first request."""
    return modules_after(A_SERVER)


@pytest.mark.parametrize("module", NEVER_AT_START)
def test_a_start_imports_nothing_that_may_never_be_asked_for(at_start, module):
    assert not {name for name in at_start if name == module or name.startswith(f"{module}.")}


def test_a_start_imports_a_bounded_number_of_modules(at_start):
    assert len([name for name in at_start if name.startswith("usager_")]) < 405
    assert len(at_start) < 1_100


def test_the_help_imports_neither_the_server_nor_its_database():
    found = modules_after("import usager_server.cli")
    assert not found & {"asyncpg", "pydantic", "structlog", "uvicorn", "usager_server.app", "usager_server.plugins"}


def test_the_database_begins_to_start_before_the_server_is_imported():
    found = modules_after("import usager_server.serving")
    assert "usager_server.repository.embedded" in found
    assert not found & {"asyncpg", "structlog", "uvicorn", "usager_server.app", "usager_server.plugins"}
