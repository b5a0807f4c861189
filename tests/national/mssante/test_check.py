"""`usager mssante check`: what it says of both connections, and how it ends."""

import pytest
from typer.testing import CliRunner

from usager_server.cli import app


@pytest.fixture
def typed(monkeypatch, settings_of, mssante):
    """Return what types the command as a software with a certificate of this kind."""

    def run(kind):
        settings = settings_of(kind)
        for name in ("imap", "smtp", "certificate_file", "trusted_ca_file", "environment"):
            monkeypatch.setenv(f"USAGER_MSSANTE_{name.upper()}", str(getattr(settings, f"mssante_{name}")))
        return CliRunner().invoke(app, ["mssante", "check"])

    return run


def test_both_open_ends_with_0_and_tells_the_certificate(typed):
    done = typed("range")
    assert done.exit_code == 0, done.output
    imap, smtp = done.stdout.splitlines()
    assert imap.startswith("IMAP localhost:") and smtp.startswith("SMTP localhost:")
    assert "issued by CN=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS" in imap


@pytest.mark.requirement("SC.MSS/CONF.27")
def test_one_that_is_refused_ends_with_1_and_says_why_to_both(typed):
    done = typed("other-range")
    assert done.exit_code == 1
    assert "certificate-range: issued by CN=TEST AC IGC-SANTE STANDARD ORGANISATIONS" in done.stdout
    assert done.stdout.count("n'est pas de la gamme Élémentaire Organisation de l'IGC-Santé") == 2


def test_without_an_operator_it_ends_with_2():
    done = CliRunner().invoke(app, ["mssante", "check"])
    assert done.exit_code == 2
    assert done.stderr.startswith("usager: USAGER_MSSANTE_IMAP is not set")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"USAGER_MSSANTE_IMAP": "imap.example"}, "USAGER_MSSANTE_SMTP is not set and USAGER_MSSANTE_IMAP needs it"),
        ({"USAGER_MSSANTE_IMAP": "imap://x"}, "must be host or host:port"),
        ({"USAGER_MSSANTE_SMTP": "smtp.example:70000"}, "must be host or host:port"),
        ({"USAGER_MSSANTE_TRUSTED_CA_FILE": "/nowhere"}, "holds no certificate that can be read"),
    ],
)
def test_settings_that_will_not_do_end_it_with_2(monkeypatch, changes, told):
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app, ["mssante", "check"])
    assert done.exit_code == 2
    assert told in done.stderr
