"""A request at work: what all its traces have in common, and how many versions it has made."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from usager_server.traces.event import SUCCESS, Event, Origin
from usager_server.traces.origins import documents_in, of_version
from usager_server.traces.patients import patients_in
from usager_server.traces.record import body_text

PLAIN = re.compile(r"[A-Za-z0-9_.~:/|,$=&-]*")


@dataclass(slots=True)
class Act:
    """What a caller is doing.

    Shape   kind, type, id: of the request; asked: the parameters of a form, or of the address of a read. versions
            counts those made and traced already, each in its own transaction. is_told: what is about to be shown is
            traced already. detail is what there is to say besides, patients whom it concerns besides those that the
            answer names.
    """

    kind: str
    origin: Origin
    type: str = ""
    id: str = ""
    base_url: str = ""
    asked: Sequence[tuple[str, str]] = ()
    versions: int = 0
    is_told: bool = False
    detail: dict[str, Any] = field(default_factory=dict)
    patients: tuple[str, ...] = ()

    def version(self, kind: str, resource_type: str, resource_id: str, version: int | None, text: str) -> Event:
        """Return the trace of a version that is being made; text is the JSON of the resource, or enough of it.

        Shape   version None: the statement that makes it knows its number. detail says within which request it is
                made, when that is another than the one its kind tells.
        """
        detail: dict[str, Any] = {} if self.kind == kind else {"within": self.kind}
        detail |= of_version(resource_type, resource_id, text)
        patients = patients_in(text, self.base_url)
        if resource_type == "Patient" and resource_id not in patients:
            patients = (resource_id, *patients)
        return Event(
            kind, self.origin, type=resource_type, id=resource_id, version=version, patients=patients, detail=detail
        )

    def body(self) -> str:
        """Return the body of the trace of one version that is shown, which the statement that finds it draws."""
        return body_text(self.origin, query=query_text(self.asked), detail=self.detail)

    def meet(self, text: str) -> None:
        """Tell in the trace whom a text is about that the answer is made of, and the documents from elsewhere in it."""
        self.concern(patients_in(text, self.base_url))
        self._tell_documents(text)

    def concern(self, patients: Iterable[str]) -> None:
        """Tell in the trace that the act concerns these Patients, whatever the answer names."""
        self.patients = tuple(dict.fromkeys((*self.patients, *patients)))

    def _tell_documents(self, text: str) -> None:
        for name, documents in documents_in(text).items():
            known = self.detail.setdefault(name, [])
            known += [each for each in documents if each not in known]

    def shown(
        self,
        text: str,
        *,
        version: int | None = None,
        query: str = "",
        found: int | None = None,
        outcome: int = SUCCESS,
    ) -> Event:
        """Return the trace of what is about to be shown; text is that of the answer."""
        patients = patients_in(text, self.base_url) if text else ()
        if self.patients:
            patients = tuple(dict.fromkeys((*self.patients, *patients)))
        self._tell_documents(text)
        if self.type == "Patient" and self.id and self.id not in patients:
            patients = (self.id, *patients)
        return Event(
            self.kind,
            self.origin,
            outcome=outcome,
            type=self.type,
            id=self.id,
            version=version,
            patients=patients,
            query=query,
            found=found,
            detail=self.detail,
        )


def query_text(parameters: Sequence[tuple[str, str]]) -> str:
    """Return what was asked as a query string.

    Time    1 µs for what needs no encoding, as most queries; the library's encoder takes 20.
    """
    if not parameters:
        return ""
    text = "&".join([f"{name}={value}" for name, value in parameters])
    if PLAIN.fullmatch(text) and text.count("=") == len(parameters) == text.count("&") + 1:
        return text
    return urlencode(parameters, safe=":/|,$")
