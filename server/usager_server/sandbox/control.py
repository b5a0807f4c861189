"""Puts a service under control, inside its own process: what it received, what it answers with, how it fails."""

import asyncio
import base64
import json
import sys
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from usager_server.sandbox.faults import Fault, FaultKind, parse_fault
from usager_server.sandbox.stand_in import Answer, Asked, Received, Service

KEPT_REQUESTS = 1000
EXPIRED = {
    "WWW-Authenticate": 'Bearer error="invalid_token", error_description="The access token expired"',
}


class Control:
    """One service, its faults and its memory."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._faults: deque[Fault] = deque()
        self._received: deque[Received] = deque(maxlen=KEPT_REQUESTS)

    async def serve(self, request: Received) -> Sequence[Answer]:
        """Answer a request to the service, as the faults ordered for it say."""
        self._received.append(request)
        fault = self._take_fault()
        if fault is None:
            return [await self._answer(request)]
        if fault.kind is FaultKind.STATUS:
            return [Answer(fault.status)]
        if fault.kind is FaultKind.EXPIRED_TOKEN:
            return [Answer(401, headers=EXPIRED)]
        await asyncio.sleep(fault.seconds)
        return misshapen(fault.kind, await self._answer(request))

    async def order(self, request: Received) -> Sequence[Answer]:
        """Answer a request to the control API."""
        try:
            return [self._obey(request.method, request.path.strip("/"), request.body)]
        except ValueError as error:
            return [told(400, {"error": str(error)})]

    def _obey(self, method: str, what: str, body: bytes) -> Answer:
        match method, what:
            case "POST", "reset":
                self._faults.clear()
                self._received.clear()
                self._service.reset()
            case "PUT", "seed":
                self._service.seed(json.loads(body))
            case "POST", "faults":
                fault = parse_fault(json.loads(body))
                self._faults.extend([fault] * fault.times)
            case "POST", "ask" if isinstance(self._service, Asked):
                return told(200, self._service.ask(json.loads(body)))
            case "GET", "received":
                return told(200, {"received": [shown(it) for it in self._received]})
            case _:
                return told(404, {"error": "there are: POST reset, PUT seed, POST faults, GET received"})
        return Answer(204)

    def _take_fault(self) -> Fault | None:
        return self._faults.popleft() if self._faults else None

    async def _answer(self, request: Received) -> Answer:
        try:
            return await self._service.answer(request)
        except Exception as error:  # a defect of the stand-in, which must not look like a fault that was ordered
            print(f"the stand-in failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
            return told(500, {"error": f"the stand-in failed: {type(error).__name__}: {error}"})


def misshapen(kind: FaultKind, answer: Answer) -> Sequence[Answer]:
    """Return what goes over the wire instead of an answer."""
    match kind:
        case FaultKind.DROP:
            return []
        case FaultKind.DUPLICATE:
            return [answer, answer]
        case FaultKind.MALFORMED:
            return [Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)]
        case _:
            return [answer]


def told(status: int, content: Mapping[str, Any]) -> Answer:
    """Return an answer of JSON."""
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def shown(request: Received) -> dict[str, Any]:
    """Return a request as the control API shows it: the body as text, or in base64 when it is none.

    Shape   certificate: the common name in that of the client, "" when it showed none.
    """
    found: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": dict(request.headers),
        "certificate": _common_name(request.certificate) if request.certificate else "",
        "at": request.at.isoformat(),
    }
    try:
        return found | {"body": request.body.decode()}
    except UnicodeDecodeError:
        return found | {"body_base64": base64.b64encode(request.body).decode()}


def _common_name(certificate: bytes) -> str:
    names = x509.load_der_x509_certificate(certificate).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else ""
