"""`usager clients` and `usager keys`, as an operator types them."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.authorization.applications import ec_key
from tests.conftest import Database
from usager_server.authorization import keys as keys_room
from usager_server.cli import app

runner = CliRunner()
APP = ["Agenda", "--public", "--scope", "openid patient/*.rs", "--redirect-uri", "https://app.example/cb"]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, database: Database, tmp_path: Path) -> None:
    """The settings of an installation."""
    monkeypatch.setenv("USAGER_DATABASE_URL", database.url)
    monkeypatch.setenv("USAGER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(keys_room, "KEY_BITS", 2048)


def typed(*words: str) -> tuple[int, str]:
    """Type a command, and return its exit code and what it says."""
    done = runner.invoke(app, list(words))
    return done.exit_code, done.output


def test_a_client_is_added_listed_and_revoked():
    code, said = typed("clients", "add", *APP)
    assert code == 0, said
    client_id = said.strip()
    assert f"{client_id}  active   Agenda  [openid patient/*.rs]" in typed("clients", "list")[1]
    assert typed("clients", "revoke", client_id) == (0, "")
    assert f"{client_id}  revoked" in typed("clients", "list")[1]
    assert typed("clients", "revoke", client_id)[0] == 1


def test_a_service_is_added_with_its_keys(tmp_path: Path):
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [ec_key().as_dict(private=False) | {"kid": "k"}]}))
    added = ["Entrepôt", "--scope", "system/*.rs", "--grant-type", "client_credentials", "--jwks", str(jwks)]
    code, said = typed("clients", "add", *added, "--tenant", "2")
    assert (code, said[:2]) == (0, "2-")
    assert said.strip() not in typed("clients", "list")[1]
    assert said.strip() in typed("clients", "list", "--tenant", "2")[1]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["Agenda", "--scope", "openid"], 2),
        (["Agenda", "--public", "--scope", "openid", "--redirect-uri", "http://app.example"], 2),
        (["Agenda", "--scope", "system/*.rs", "--jwks", "nowhere.json"], 2),
        ([*APP[:3], "patient/Observation.rs?value-quantity=5", *APP[4:]], 2),
        ([*APP, "--tenant", "99"], 1),
    ],
)
def test_what_will_not_do_is_refused(words: list[str], code: int):
    assert typed("clients", "add", *words)[0] == code


def test_what_is_no_client_is_not_revoked():
    assert typed("clients", "revoke", "nobody")[0] == 2


def test_keys_are_made_and_listed():
    assert typed("keys", "list")[0] == 2
    code, first = typed("keys", "rotate")
    assert code == 0
    _, second = typed("keys", "rotate")
    lines = typed("keys", "list")[1].splitlines()
    assert [line.split()[0] for line in lines] == [second.strip(), first.strip()]
    assert [line.split()[2] for line in lines] == ["next", "signing"]
