"""Answers of an authorization server, without a socket."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

import httpx

from usager_server.national.psc.oauth import OAuthClient

CALLER = OAuthClient("usager")
ENDPOINT = "https://psc.example/token"


class Server:
    """Gives the answers it was told, the last one again and again, and keeps the forms it was sent."""

    def __init__(self, *answers: httpx.Response | type[Exception]) -> None:
        self._answers = list(answers)
        self.forms: list[dict[str, str]] = []
        self.requests: list[httpx.Request] = []
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.forms.append(dict(parse_qsl(request.content.decode())))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, httpx.Response):
            return answer
        raise answer("broken", request=request)  # type: ignore[call-arg]


def told(status: int = 200, **content: Any) -> httpx.Response:
    """Return an answer of JSON."""
    return httpx.Response(status, json=content)


def refused(error: str, status: int = 400) -> httpx.Response:
    """Return a refusal of OAuth."""
    return told(status, error=error, error_description="because")


def serving(documents: dict[str, Sequence[httpx.Response]]) -> Callable[[], httpx.AsyncClient]:
    """Return what gives a client of a server with these documents, each a list of answers in their order."""
    left = {path: list(answers) for path, answers in documents.items()}

    def answer(request: httpx.Request) -> httpx.Response:
        answers = left[request.url.path]
        return answers.pop(0) if len(answers) > 1 else answers[0]

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    return lambda: client
