"""The settings: documented, safe, and refused by name when wrong."""

import pytest
import trustme

from tests.house.files import ROOT
from tests.private_files import private_file
from usager_server.environment import SettingsError, load_settings
from usager_server.settings import Settings, variable

TOKEN = "0123456789abcdef" * 2


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment without settings."""
    import os

    for name in [name for name in os.environ if name.startswith("USAGER_")]:
        monkeypatch.delenv(name)


def refusal(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    """Return what an environment is refused with."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refused:
        load_settings()
    return str(refused.value)


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(field):
    known = Settings.model_fields[field]
    default = "unset" if known.default in (None, "") else f"`{known.default}`"
    row = f"| `{variable(field)}` | {default} | {known.description} |"
    assert row in (ROOT / "docs" / "settings.md").read_text(encoding="utf-8").splitlines()


def test_the_defaults_are_safe():
    settings = load_settings()
    assert (settings.host, settings.port, settings.auth, settings.profile_keys) == ("127.0.0.1", 8080, "off", ())


def test_tokens_never_travel_in_clear(monkeypatch, tmp_path):
    private_file(tmp_path / "tokens", TOKEN)
    environment = {"USAGER_HOST": "0.0.0.0", "USAGER_AUTH": "token", "USAGER_TOKEN_FILE": str(tmp_path / "tokens")}  # noqa: S104
    assert "USAGER_TLS_CERTIFICATE_FILE" in refusal(monkeypatch, **environment)
    monkeypatch.setenv("USAGER_BASE_URL", "http://dui.example/fhir")
    assert "https://" in refusal(monkeypatch)
    monkeypatch.setenv("USAGER_BASE_URL", "https://dui.example/fhir")
    assert load_settings().is_secure


def test_a_certificate_without_its_key_is_refused(monkeypatch, tmp_path):
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "own.pem"))
    told = refusal(monkeypatch, USAGER_TLS_CERTIFICATE_FILE=str(tmp_path / "own.pem"))
    assert told.startswith("USAGER_TLS_CERTIFICATE_FILE") and "key" in told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("USAGER_PORT", "http"),
        ("USAGER_PORT", "70000"),
        ("USAGER_WORKERS", "0"),
        ("USAGER_AUTH", "on"),
        ("USAGER_BODY_LIMIT_BYTES", "-1"),
        ("USAGER_BASE_URL", "www.example.org"),
        ("USAGER_LOG_LEVEL", "loud"),
        ("USAGER_DATABASE_URL", "mysql://localhost/usager"),
    ],
)
def test_a_wrong_value_is_refused_in_one_line_that_names_it(monkeypatch, name, value):
    told = refusal(monkeypatch, **{name: value})
    assert told.startswith(name)
    assert "\n" not in told


def test_a_wrong_database_address_does_not_show_its_password(monkeypatch):
    assert "hush" not in refusal(monkeypatch, USAGER_DATABASE_URL="mysql://someone:hush@localhost/usager")


DATABASE = "postgresql://usager_app:hush@db.example/usager?sslmode=require"
WEB = "http://service.example:4318/v1"


@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("USAGER_DATABASE_URL", DATABASE, "sslmode=verify-full&sslrootcert="),
        ("USAGER_DATABASE_OWNER_URL", DATABASE, "sslmode=verify-full&sslrootcert="),
        ("USAGER_BACKUP_DATABASE_URL", DATABASE, "sslmode=verify-full&sslrootcert="),
        ("USAGER_OTEL_ENDPOINT", WEB, "https://"),
        ("USAGER_NATIONAL_STATUS_SUMMARY_URL", WEB, "https://"),
        ("USAGER_INSI_URL", WEB, "https://"),
        ("USAGER_NATIONAL_PROXY_URL", WEB, "https://"),
    ],
)
def test_nothing_leaves_this_machine_in_clear(monkeypatch, name, value, right):
    told = refusal(monkeypatch, **{name: value})
    assert told.startswith(name) and "leads to another machine" in told and right in told
    assert "hush" not in told


def test_a_collector_on_this_machine_may_be_called_in_clear(monkeypatch):
    monkeypatch.setenv("USAGER_OTEL_ENDPOINT", "http://127.0.0.1:4318/v1/traces")
    assert load_settings().otel_endpoint == "http://127.0.0.1:4318/v1/traces"


def test_a_misspelt_variable_is_refused_with_a_suggestion(monkeypatch):
    assert refusal(monkeypatch, USAGER_PROFILS="pa") == "USAGER_PROFILS is not a setting; did you mean USAGER_PROFILES?"


def test_variables_of_the_tests_are_left_alone(monkeypatch):
    monkeypatch.setenv("USAGER_TEST_POSTGRES", "15")
    assert load_settings() == Settings()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "usager.example"])  # noqa: S104 - what is refused
def test_without_sign_in_only_loopback_is_listened_on(monkeypatch, host):
    told = refusal(monkeypatch, USAGER_HOST=host)
    assert "USAGER_HOST" in told
    assert "USAGER_AUTH" in told


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_every_loopback_address_will_do(monkeypatch, host):
    monkeypatch.setenv("USAGER_HOST", host)
    assert load_settings().host == host


def test_with_tokens_any_address_will_do(monkeypatch, tmp_path):
    private_file(tmp_path / "tokens", f"# the front end\n{TOKEN} 1 front\n")
    monkeypatch.setenv("USAGER_AUTH", "token")
    monkeypatch.setenv("USAGER_TOKEN_FILE", str(tmp_path / "tokens"))
    monkeypatch.setenv("USAGER_HOST", "0.0.0.0")  # noqa: S104 - with tokens it is allowed
    monkeypatch.setenv("USAGER_BASE_URL", "https://dui.example/fhir")
    assert load_settings().auth == "token"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("", "holds no token"),
        ("# only this\n", "holds no token"),
        ("short\n", "fewer than 32"),
    ],
)
def test_a_token_file_that_will_not_do_is_refused(monkeypatch, tmp_path, content, told):
    path = tmp_path / "tokens"
    if content is not None:
        private_file(path, content)
    assert told in refusal(monkeypatch, USAGER_AUTH="token", USAGER_TOKEN_FILE=str(path))


@pytest.mark.parametrize("name", ["USAGER_TOKEN_FILE", "USAGER_PSC_CLIENT_SECRET_FILE", "USAGER_AUDIT_KEY_FILE"])
@pytest.mark.parametrize("mode", [0o604, 0o602])
def test_a_secret_that_everyone_here_may_read_or_write_is_refused(monkeypatch, tmp_path, name, mode):
    path = private_file(tmp_path / "secret", f"{TOKEN} 1 front\n")
    path.chmod(mode)
    told = refusal(monkeypatch, **{name: str(path)})
    assert told.startswith(name) and f"chmod 600 {path}" in told and TOKEN not in told
    path.chmod(0o640)  # a group may be let in, as containers do
    monkeypatch.setenv(name, str(path))
    assert load_settings()


def test_tokens_without_a_file_are_refused(monkeypatch):
    assert "USAGER_TOKEN_FILE is not set" in refusal(monkeypatch, USAGER_AUTH="token")


def test_a_slave_of_identities_names_its_master_and_nobody_else_does(monkeypatch):
    assert "USAGER_IDENTITY_MASTER is not set" in refusal(monkeypatch, USAGER_PROFILES="esclave-identite")
    assert "switch that profile on" in refusal(monkeypatch, USAGER_PROFILES="pa", USAGER_IDENTITY_MASTER="gam")
    assert Settings(profiles="pa,esclave-identite", identity_master="gam").identity_master == "gam"


def test_profiles_are_read_in_order_without_repeats():
    assert Settings(profiles=" pa, dom-soins,,pa ").profile_keys == ("pa", "dom-soins")
