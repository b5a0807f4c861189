"""Calls that are dangerous wherever they stand: none in what runs, or one of those named here with its reason."""

import ast
from functools import cache

import pytest

from tests.house.files import name, python_files

RUNS = ("server", "cda", "plugins")
KINDS = (ast.Import, ast.ImportFrom, ast.Call, ast.keyword)

# Modules that nothing imports, but these files for these reasons.
FORBIDDEN: dict[str, set[str]] = {
    "pickle": set(),
    "marshal": set(),
    "shelve": set(),
    "yaml": set(),
    "random": {
        "server/usager_server/demo/people.py",  # invents people, the same ones each time
        "server/usager_server/loading/sending.py",  # waits a little more or less before trying again
        "server/usager_server/national/psc/conformity.py",  # invents names of accounts for a scenario
    },
    "Crypto": set(),
    "nacl": set(),
    "OpenSSL": set(),
    "jwt": set(),
    "passlib": set(),
    "rsa": set(),
    "ldap3": set(),
    "jinja2.sandbox": set(),
}


@cache
def trees() -> tuple[tuple[str, tuple[ast.AST, ...]], ...]:
    """Return what each module that runs is made of, by its name."""
    parsed = ((name(path), ast.parse(path.read_text(encoding="utf-8"))) for path in python_files(*RUNS))
    return tuple((file, tuple(node for node in ast.walk(tree) if isinstance(node, KINDS))) for file, tree in parsed)


@cache
def imported() -> dict[str, set[str]]:
    """Return what each module imports, and what each of it lies in."""
    found: dict[str, set[str]] = {}
    for file, nodes in trees():
        names = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        found[file] = names | {each.split(".")[0] for each in names}
    return found


@pytest.mark.parametrize("module", FORBIDDEN)
def test_a_module_that_reads_or_guesses_too_much_is_imported_by_nobody(module: str) -> None:
    assert {file for file, names in imported().items() if module in names} == FORBIDDEN[module]


def test_a_weak_hash_protects_nothing() -> None:
    """XDS and FHIR want the SHA-1 of a document; HMAC-SHA-1 is what authenticator applications speak (RFC 6238)."""
    weak = [
        (file, node)
        for file, nodes in trees()
        for node in nodes
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("md5", "sha1")
    ]
    assert [file for file, _ in weak if not file.startswith("cda/")] == []
    assert [file for file, node in weak if "usedforsecurity=False" not in ast.unparse(node)] == []
    users = {file for file, names in imported().items() if "cryptography.hazmat.primitives.hashes.SHA1" in names}
    assert users == {"server/usager_server/accounts/totp.py"}


def test_no_text_is_run_as_code() -> None:
    plain = {
        node.func.id for _, nodes in trees() for node in nodes if isinstance(getattr(node, "func", None), ast.Name)
    }
    assert plain.isdisjoint({"eval", "exec", "__import__"})


def test_no_command_goes_through_a_shell() -> None:
    shells = {"os.system", "os.popen", "asyncio.create_subprocess_shell", "subprocess.getoutput"}
    calls = {ast.unparse(node.func) for _, nodes in trees() for node in nodes if isinstance(node, ast.Call)}
    assert calls.isdisjoint(shells)
    keywords = [file for file, nodes in trees() for node in nodes if getattr(node, "arg", None) == "shell"]
    assert keywords == []


def test_the_only_cipher_is_aes_gcm() -> None:
    ciphers = {
        (file, each.rpartition(".")[2])
        for file, names in imported().items()
        for each in names
        if each.startswith("cryptography.hazmat.primitives.ciphers.") and not each.endswith(".aead")
    }
    assert ciphers == {("server/usager_server/sealing.py", "AESGCM")}
