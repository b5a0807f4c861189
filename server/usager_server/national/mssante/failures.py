"""Why a connection to an operator is not opened: each cause apart, in words for a professional and for a technician."""

import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from usager_server.errors import ServiceDown, ServiceRefused

# X509_V_ERR_… of OpenSSL, which `ssl` gives as verify_code
DATE_CODES = (9, 10)
NAME_CODES = (62, 63, 64)
AUTHORITY_CODES = (2, 7, 18, 19, 20, 21, 24, 30)  # 7: signed by another key than that of the authority of this name

Whose = Literal["ours", "operator"]


class Reason(StrEnum):
    """What was met."""

    DNS = "dns"
    TCP = "tcp"
    PROTOCOL = "protocol"
    TLS = "tls"
    DATES = "certificate-dates"
    NAME = "certificate-name"
    AUTHORITY = "certificate-authority"
    RANGE = "certificate-range"


TOLD = {
    Reason.DNS: "L'adresse de l'opérateur MSSanté est introuvable : vérifiez-la, et la connexion à Internet.",
    Reason.TCP: "L'opérateur MSSanté ne répond pas : réessayez dans un instant.",
    Reason.PROTOCOL: "Ce serveur ne répond pas comme un opérateur MSSanté : prévenez l'administrateur.",
    Reason.TLS: "La connexion chiffrée avec l'opérateur MSSanté n'aboutit pas : prévenez l'administrateur.",
    Reason.DATES: "{} n'est pas, ou n'est plus, valable à cette date : prévenez l'administrateur.",
    Reason.NAME: "Le certificat de l'opérateur MSSanté n'est pas au nom de ce serveur : prévenez l'administrateur.",
    Reason.AUTHORITY: "{} ne vient pas d'une autorité de l'IGC-Santé reconnue ici : prévenez l'administrateur.",
    Reason.RANGE: "{} n'est pas de la gamme Élémentaire Organisation de l'IGC-Santé : prévenez l'administrateur.",
}
CERTIFICATE_OF = {"ours": "Le certificat de la structure", "operator": "Le certificat de l'opérateur MSSanté"}


@dataclass(frozen=True, slots=True)
class Failure:
    """What was met. Shape: told is French, for a professional; technical holds nobody's name and no secret."""

    reason: Reason
    technical: str
    whose: Whose = "operator"

    @property
    def told(self) -> str:
        """Return the words for a professional."""
        return TOLD[self.reason].format(CERTIFICATE_OF[self.whose])


class OpeningRefused(ServiceRefused):
    """The connection may not be used, and will not be by trying again: a person must act."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.technical}")
        self.failure = failure


class OpeningDown(ServiceDown):
    """Nobody answers there: try later."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.reason}: {failure.technical}")
        self.failure = failure


class NotOfRange(ssl.SSLError):
    """A certificate that TLS takes was issued by another authority than that of the range."""


def failed(failure: Failure) -> OpeningRefused | OpeningDown:
    """Return the exception of a failure."""
    return (OpeningDown if failure.reason in (Reason.DNS, Reason.TCP) else OpeningRefused)(failure)


def failure_of(error: Exception, whose: Whose = "operator") -> Failure:
    """Return what an error of a socket or of TLS means, in a connection or about a certificate of whom."""
    technical = f"{type(error).__name__}: {error}"
    if isinstance(error, NotOfRange):
        return Failure(Reason.RANGE, str(error.args[-1]), whose)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(_judgement(error.verify_code), error.verify_message or technical, whose)
    if isinstance(error, ssl.SSLError):
        return Failure(Reason.TLS, technical, whose)
    return Failure(Reason.DNS if isinstance(error, socket.gaierror) else Reason.TCP, technical)


def _judgement(code: int) -> Reason:
    kinds = {Reason.DATES: DATE_CODES, Reason.NAME: NAME_CODES, Reason.AUTHORITY: AUTHORITY_CODES}
    return next((reason for reason, codes in kinds.items() if code in codes), Reason.TLS)
