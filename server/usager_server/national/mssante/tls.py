"""The TLS of MSSanté: our certificate is judged before it is shown, that of the operator before anything is said."""

import ssl
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from usager_server.national.mssante.certificate_range import Environment, is_of_range, issuer_of
from usager_server.national.mssante.failures import Failure, NotOfRange, Reason, failed, failure_of
from usager_server.requirements import fulfils

FLIGHTS = 4  # of a handshake between two ends in memory, more than TLS 1.2 needs


@dataclass(frozen=True, slots=True)
class Trust:
    """Who we are at an operator, and whom we believe there.

    Shape   certificate_file: ours, its chain and its key; authorities_file: those of IGC-Santé, the only ones believed.
    """

    certificate_file: Path
    authorities_file: Path
    environment: Environment


class RangeSocket(ssl.SSLSocket):
    """A connection that closes when the certificate of the other end is not of the range, before anything is said."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands, then look at who issued the certificate that TLS has verified."""
        super().do_handshake(block)
        context = self.context
        assert isinstance(context, RangeContext)  # noqa: S101 - the only one that makes these
        context.judge(self.getpeercert(binary_form=True))


class RangeContext(ssl.SSLContext):
    """TLS that takes certificates of the range only, whoever speaks over it. Shape: environment is set once made."""

    sslsocket_class = RangeSocket
    environment: Environment = "production"

    @fulfils("SC.MSS/CONF.27")
    def judge(self, certificate: bytes | None) -> None:
        """Refuse a certificate (DER) of another range. Errors: NotOfRange."""
        found = x509.load_der_x509_certificate(certificate or b"")
        if not is_of_range(found, self.environment):
            raise NotOfRange(f"issued by {issuer_of(found)}")

    def wrap_bio(self, *_: Any, **__: Any) -> ssl.SSLObject:
        """Refuse: what is not a socket would not be judged."""
        raise NotImplementedError("the connections of MSSanté are sockets: see RangeSocket")


def range_tls(trust: Trust) -> ssl.SSLContext:
    """Return the TLS of a connection to an operator, once our own certificate has been judged.

    Errors  OpeningRefused, about our own certificate: nothing has been sent to anybody.
    """
    _judge_ours(trust)
    context = RangeContext(ssl.PROTOCOL_TLS_CLIENT)  # asks for a certificate of that name, and trusts nobody by itself
    context.environment = trust.environment
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(trust.authorities_file)
    context.load_cert_chain(trust.certificate_file)
    return context


@fulfils("SC.MSS/CONF.27")
def _judge_ours(trust: Trust) -> None:
    try:
        _show_to_ourselves(trust)
        own = x509.load_pem_x509_certificates(trust.certificate_file.read_bytes())[0]
    except (OSError, ValueError) as error:  # of OpenSSL too; the files were read when the settings were
        raise failed(_about_ours(error)) from error
    if not is_of_range(own, trust.environment):
        raise failed(Failure(Reason.RANGE, f"issued by {issuer_of(own)}", "ours"))


def _show_to_ourselves(trust: Trust) -> None:
    """Have OpenSSL judge our certificate, chain, dates and purpose, as the operator's will: both ends in memory."""
    judging = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    judging.verify_mode = ssl.CERT_REQUIRED
    judging.load_verify_locations(trust.authorities_file)
    showing = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    showing.check_hostname, showing.verify_mode = False, ssl.CERT_NONE  # it speaks to ourselves
    for context in (judging, showing):
        context.load_cert_chain(trust.certificate_file)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client, server = showing.wrap_bio(back, there), judging.wrap_bio(there, back, server_side=True)
    for _ in range(FLIGHTS):
        for end in (client, server):
            with suppress(ssl.SSLWantReadError):
                end.do_handshake()
    if server.getpeercert(binary_form=True) is None:
        raise ssl.SSLError("the certificate could not be shown")


def _about_ours(error: Exception) -> Failure:
    if isinstance(error, ssl.SSLError):
        return failure_of(error, "ours")
    return Failure(Reason.TLS, f"our certificate or the authorities cannot be read ({type(error).__name__})", "ours")
