"""A throw-away certification authority: it lives in a temporary folder, and only as long as the sandbox."""

from pathlib import Path

import trustme

NAMES = ("localhost", "127.0.0.1", "::1")


def issue_certificates(folder: Path) -> tuple[Path, Path]:
    """Write the authority's certificate, and the servers' with its key; return their paths."""
    authority = trustme.CA(organization_name="Usager, bac à sable")
    trusted, server = folder / "ca.pem", folder / "server.pem"
    authority.cert_pem.write_to_path(str(trusted))
    server.touch(mode=0o600)
    authority.issue_cert(*NAMES).private_key_and_cert_chain_pem.write_to_path(str(server))
    return trusted, server
