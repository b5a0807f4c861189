"""The two ways to INSi: with the certificate of the organisation, or as a professional through a Proxy e-santé."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import httpx
from cryptography import x509
from cryptography.x509.oid import NameOID

from usager_server.errors import ServiceDown, ServiceRefused
from usager_server.national.insi.assertion import Professional, assertion
from usager_server.national.insi.xml import ANSWER_LIMIT_BYTES
from usager_server.national.proxy.client import ProxyClient, ProxySession
from usager_server.streams import whole
from usager_server.tls_failures import why

TIMEOUT_SECONDS = 20.0
Mode = Literal["certificate", "psc"]


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """What came back, before it is read."""

    status: int
    content: bytes


class NotSent(ServiceDown):
    """INSi surely has nothing of a call: it may be made again."""


class Channel(Protocol):
    """A way to INSi. Shape: sender is what the header calls Emetteur."""

    mode: Mode
    sender: str

    def assertion(self, now: datetime) -> Any | None:
        """Return the SAML assertion that goes with a call, None when the certificate says everything."""
        ...

    async def post(self, action: str, content: bytes) -> WireAnswer:
        """Send one envelope. Errors: ServiceDown without an answer; ServiceRefused for one that is too large."""
        ...


class CertificateChannel:
    """Mutual TLS with an organisation certificate whose name is INSI-AUTO or INSI-MANU. Shape: http shows it."""

    mode: Mode = "certificate"

    def __init__(self, http: httpx.AsyncClient, url: str, sender: str) -> None:
        self._http, self._url, self.sender = http, url, sender

    def assertion(self, now: datetime) -> None:
        """Return nothing: the certificate says who calls."""

    async def post(self, action: str, content: bytes) -> WireAnswer:
        """Send one envelope. Time: TIMEOUT_SECONDS, from the connection to the last byte."""
        try:
            async with (
                asyncio.timeout(TIMEOUT_SECONDS),
                self._http.stream("POST", self._url, content=content, headers=content_type(action)) as answer,
            ):
                return WireAnswer(answer.status_code, await _bounded(answer))
        except TimeoutError as error:
            raise ServiceDown(f"no answer within {TIMEOUT_SECONDS:g} s") from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent(why("insi", error)) from error
        except httpx.TransportError as error:
            raise ServiceDown(why("insi", error)) from error


class ProxyChannel:
    """The API Pro Santé Connectée, behind a Proxy e-santé, as a professional who signed in there."""

    mode: Mode = "psc"

    def __init__(
        self,
        proxy: ProxyClient,
        session: ProxySession,
        backend: str,
        path: str,
        professional: Professional,
        issuer: str,
    ) -> None:
        self._proxy, self._session, self._backend, self._path = proxy, session, backend, path
        self._professional, self._issuer = professional, issuer
        self.sender = professional.national_id

    def assertion(self, now: datetime) -> Any:
        """Return the assertion of the professional."""
        return assertion(self._professional, self._issuer, now)

    async def post(self, action: str, content: bytes) -> WireAnswer:
        """Send one envelope. Time: that of the proxy's client. Errors: SignInNeeded besides: the session is over."""
        answer = await self._proxy.send(
            self._session, self._backend, "POST", self._path, headers=content_type(action), content=content
        )
        if len(answer.content) > ANSWER_LIMIT_BYTES:
            raise ServiceRefused(f"the answer has more than {ANSWER_LIMIT_BYTES} bytes")
        return WireAnswer(answer.status, answer.content)


def content_type(action: str) -> dict[str, str]:
    """Return the headers of a SOAP 1.2 request."""
    kind = f'application/soap+xml; charset=utf-8; action="{action}"'
    return {"content-type": kind, "accept": "application/soap+xml"}


def organisation_of(certificate_file: Path) -> str:
    """Return the organisation that a certificate names (its OU), "" when it names none. Errors: OSError, ValueError."""
    subject = x509.load_pem_x509_certificates(certificate_file.read_bytes())[0].subject
    units = subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return str(units[0].value) if units else ""


async def _bounded(answer: httpx.Response) -> bytes:
    too_long = ServiceRefused(f"the answer has more than {ANSWER_LIMIT_BYTES} bytes")
    return await whole(answer.aiter_bytes(), ANSWER_LIMIT_BYTES, too_long)
