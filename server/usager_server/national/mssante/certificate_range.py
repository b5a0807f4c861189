"""Which certificates are of the range IGC-Santé Élémentaire Organisation. This rule stands nowhere else.

Designed: the range is known by the common name of the authority that issues it, as seen on certificates for INSi.
Should the référentiel name a policy OID, it replaces `is_of_range`, and nothing else changes.
"""

from typing import Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from usager_server.requirements import fulfils

Environment = Literal["production", "test"]

AUTHORITIES = {
    "production": "AC IGC-SANTE ELEMENTAIRE ORGANISATIONS",
    "test": "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS",
}


@fulfils("SC.MSS/CONF.27")
def is_of_range(certificate: x509.Certificate, environment: Environment) -> bool:
    """Say whether the authority of the range issued a certificate; who signed it is for TLS to verify."""
    return _common_names(certificate.issuer) == [AUTHORITIES[environment]]


def issuer_of(certificate: x509.Certificate) -> str:
    """Return the issuer of a certificate, to be shown (RFC 4514)."""
    return certificate.issuer.rfc4514_string()


def _common_names(name: x509.Name) -> list[str]:
    return [str(it.value) for it in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
