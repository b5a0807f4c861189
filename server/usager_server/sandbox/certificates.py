"""A throw-away certification authority: it lives in a temporary folder, and only as long as the sandbox."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography import x509

NAMES = ("localhost", "127.0.0.1", "::1")
# As IGC-Santé writes an organisation: the unit holds its national identifier, here one that nobody bears.
CLIENT_NAME, CLIENT_UNIT = "usager.bac-a-sable", "1990000001"


@dataclass(frozen=True, slots=True)
class Certificates:
    """The files of the authority, of the stand-ins (with their key), and of the server to come (with its key).

    Shape   named: other certificates of the server to come, by their common name.
    """

    authority: Path
    server: Path
    client: Path
    named: Mapping[str, Path] = field(default_factory=dict)


def issue_certificates(folder: Path, names: Iterable[str] = ()) -> Certificates:
    """Write the certificates into a folder; return where each is. Shape: names are common names, safe in a file's."""
    authority = trustme.CA(organization_name="Usager, bac à sable")
    named = {name: folder / f"client-{name}.pem" for name in names}
    made = Certificates(folder / "ca.pem", folder / "server.pem", folder / "client.pem", named)
    authority.cert_pem.write_to_path(str(made.authority))
    _write(authority.issue_cert(*NAMES), made.server)
    for name, path in [(CLIENT_NAME, made.client), *named.items()]:
        _write(authority.issue_cert(common_name=name, organization_unit_name=CLIENT_UNIT), path)
    return made


def subject(certificate: Path) -> str:
    """Return the distinguished name in a certificate, its parts in their order: "O=…,OU=…,CN=…"."""
    found = x509.load_pem_x509_certificates(certificate.read_bytes())[0].subject
    short = {"2.5.4.10": "O", "2.5.4.11": "OU", "2.5.4.3": "CN"}
    return ",".join(f"{short.get(it.oid.dotted_string, it.oid.dotted_string)}={it.value!s}" for it in found)


def _write(certificate: trustme.LeafCert, path: Path) -> None:
    path.touch(mode=0o600)
    certificate.private_key_and_cert_chain_pem.write_to_path(str(path))
