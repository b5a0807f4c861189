"""The settings of the proxy: documented, and refused by name when wrong."""

import re
import tomllib
from functools import reduce
from pathlib import Path

import pytest
import trustme
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

from tests.house.files import ROOT
from tests.private_files import private_file
from usager_server.cli import app
from usager_server.environment import SettingsError, load_settings
from usager_server.proxy.house import build
from usager_server.proxy.settings import (
    Backend,
    Client,
    Conformity,
    Listening,
    ProSanteConnect,
    ProxySettings,
    load_proxy_settings,
)

PAGE = ROOT / "docs" / "services" / "proxy-e-sante.md"
TABLES: dict[str, type[BaseModel]] = {
    "": ProxySettings,
    "listen.": Listening,
    "psc.": ProSanteConnect,
    "clients.*.": Client,
    "backends.*.": Backend,
    "conformity.": Conformity,
}
FIELDS = [(start, name) for start, it in TABLES.items() for name, field in it.model_fields.items() if field.description]


def example() -> str:
    """Return the settings that the page shows."""
    return PAGE.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example of the page, with files that are there and a database that is not."""
    authority = trustme.CA()
    for name in ("callers-ca.pem", "db-ca.pem", "igc-sante.pem"):
        authority.cert_pem.write_to_path(str(tmp_path / name))
    for name in ("server.pem", "client.pem"):
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / name))
    (tmp_path / "proxy-keys").touch(mode=0o600)
    (tmp_path / "proxy-keys").write_text("00" * 32)
    path = tmp_path / "proxy.toml"
    here = {"/etc/usager": str(tmp_path), "@db.example/proxy?": f"@/proxy?host={tmp_path}&"}
    text = reduce(lambda text, it: text.replace(*it), here.items(), example())
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("USAGER_PROXY_FILE", str(path))
    return path


def changed(file: Path, old: str, new: str) -> None:
    """Write something else in the file."""
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(("prefix", "name"), FIELDS)
def test_every_setting_is_documented(prefix, name):
    field = TABLES[prefix].model_fields[name]
    row = f"| `{prefix}{name}` | {shown(field)} | {field.description} |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


def shown(field: FieldInfo) -> str:
    """Return a default as the page has it."""
    if field.is_required():
        return "needed"
    default = field.get_default(call_default_factory=True, validated_data={})
    if default in (None, (), {}):
        return "unset"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def test_the_example_of_the_page_is_good():
    settings = load_proxy_settings()
    assert settings.backends["insi"].target.scopes == ("insi:search",)
    build(settings)


def test_the_environment_goes_before_the_file(monkeypatch):
    monkeypatch.setenv("USAGER_PROXY_DATABASE_URL", "postgresql://usager_proxy@/elsewhere")
    monkeypatch.setenv("USAGER_PROXY_LISTEN__PORT", "9443")
    settings = load_proxy_settings()
    assert "elsewhere" in settings.database_url
    assert (settings.listen.port, settings.listen.host) == (9443, "127.0.0.1")


def test_the_server_leaves_the_variables_of_the_proxy_alone(monkeypatch):
    monkeypatch.setenv("USAGER_PROXY_DATABASE_URL", "postgresql://usager_proxy@/elsewhere")
    assert load_settings()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("https://as.insi.example/token", "http://as.insi.example/token", "backends.insi.token_endpoint"),
        ("[psc]", "[psc]\ntrust_all = true", "psc.trust_all"),
        ('scopes = ["insi:search"]', "scopes = []", "backends.insi.scopes"),
        ("[backends.insi]", '[backends."in/si"]', "backends.in/si"),
        ("callers = [", 'callers = ["anybody", ', "clients.dui-les-tilleuls.callers.0"),
        ("callers-ca.pem", "nothing.pem", "holds no certificate"),
        ("idle_minutes = 30", "idle_minutes = 31", "idle_minutes"),
        ("postgresql://", "mysql://", "database_url"),
        ("@/proxy?", "@db.example/proxy?sslmode=require&", "database_url: leads to another machine"),
        ("[listen]", "[listen", "is no TOML"),
        ("[backends.insi]", '[backends.insi]\nexchange = "first-call"', "required = false"),
        ("subject_issuer", "subject_token", "may not hold subject_token"),
    ],
)
def test_what_is_wrong_is_named(file, old, new, told):
    changed(file, old, new)
    with pytest.raises(SettingsError, match=re.escape(told)):
        load_proxy_settings()


def test_a_password_in_an_address_is_not_shown(file):
    changed(file, "postgresql://usager_proxy@", "mysql://usager_proxy:hush@")
    with pytest.raises(SettingsError) as refused:
        load_proxy_settings()
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "content"), [("proxy-keys", "00"), ("proxy-keys", ""), ("client.pem", "no certificate")]
)
def test_a_file_that_will_not_do_stops_the_start(file, name, content):
    (file.parent / name).write_text(content)
    with pytest.raises(SettingsError, match=name):
        build(load_proxy_settings())


def test_the_command_ends_with_2_and_a_line(file):
    changed(file, "[psc]", "[pscc]")
    done = CliRunner().invoke(app, ["proxy", "--file", str(file)])
    assert done.exit_code == 2
    assert ": psc: " in done.stderr
    assert CliRunner().invoke(app, ["proxy", "--file", str(file.parent / "none.toml")]).exit_code == 2


def test_a_database_that_does_not_answer_ends_the_command_with_3(file):
    done = CliRunner().invoke(app, ["proxy", "--file", str(file)])
    assert done.exit_code == 3
    assert "does not answer" in done.stderr


def test_a_key_is_made_as_the_file_wants_it(file):
    (file.parent / "proxy-keys").write_text(CliRunner().invoke(app, ["proxy", "key"]).stdout)
    assert build(load_proxy_settings())


def test_the_example_holds_no_secret():
    assert "password" not in str(tomllib.loads(example()))


def test_a_secret_that_everyone_here_may_read_stops_the_start(file):
    secret = private_file(file.parent / "secret", "hush")
    changed(file, "[clients.dui-les-tilleuls]", f'[clients.dui-les-tilleuls]\nsecret_file = "{secret}"')
    assert build(load_proxy_settings())
    secret.chmod(0o644)
    with pytest.raises(SettingsError, match="everyone on this machine"):
        build(load_proxy_settings())
