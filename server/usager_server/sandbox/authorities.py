"""Throw-away authorities with names of their own, below one another: a service may look at who issued a certificate."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFE = timedelta(days=30)
PURPOSES = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


class Authority:
    """One authority. Shape: its common name is whatever a test wants; without a parent it is a root."""

    def __init__(self, common_name: str, parent: "Authority | None" = None) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._parent = parent
        name = _name(common_name, "")
        signer = parent or self
        made = _begun(name, name if parent is None else parent.certificate.subject, self._key, datetime.now(UTC) + LIFE)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        made = made.add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
        self.certificate: x509.Certificate = made.sign(signer._key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        """Return its certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self, path: Path, common_name: str, unit: str, hosts: Iterable[str] = (), until: timedelta = LIFE
    ) -> Path:
        """Write a certificate, its chain without the root, and its key into a file; until may lie in the past."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = _begun(_name(common_name, unit), self.certificate.subject, key, datetime.now(UTC) + until)
        made = made.add_extension(x509.BasicConstraints(False, None), True)
        made = made.add_extension(x509.ExtendedKeyUsage(PURPOSES), False)
        if named := [x509.DNSName(it) for it in hosts]:
            made = made.add_extension(x509.SubjectAlternativeName(named), False)
        signed = made.sign(self._key, hashes.SHA256())
        path.touch(mode=0o600)
        own = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        path.write_bytes(own + signed.public_bytes(Encoding.PEM) + self._chain())
        return path

    def _chain(self) -> bytes:
        return b"" if self._parent is None else self.pem + self._parent._chain()


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(datetime.now(UTC), until) - LIFE)
        .not_valid_after(until)
    )


def _name(common_name: str, unit: str) -> x509.Name:
    """Return a name as IGC-Santé writes it: the unit holds the national identifier of an organisation."""
    parts = [(NameOID.COUNTRY_NAME, "FR"), (NameOID.ORGANIZATION_NAME, "Usager, bac à sable")]
    parts += [(NameOID.ORGANIZATIONAL_UNIT_NAME, unit)] if unit else []
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in [*parts, (NameOID.COMMON_NAME, common_name)]])
