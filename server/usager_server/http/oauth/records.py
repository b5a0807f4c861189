"""What a person may see of the record while they decide: patients to choose from, through the doors of any reader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from usager_server.access.grant import Grant
from usager_server.authorization.signed_in import Person
from usager_server.caller import Caller
from usager_server.http.observability import Scope, exchange_of
from usager_server.http.routes import origin_of
from usager_server.interactions.gate import gated, session_for
from usager_server.interactions.request import Request
from usager_server.interactions.routing import Name
from usager_server.interactions.session import House, Reply
from usager_server.interactions.witnessing import kind_of, witnessed
from usager_server.jsontext import parse_json
from usager_server.traces.act import Act

CHOICES = 20
SEXES = {"female": "F", "male": "M"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A patient as a person recognises one."""

    id: str
    name: str
    birth_date: str
    sex: str


@dataclass(frozen=True, slots=True)
class Records:
    """Reads in the name of a person, within their rights: through the gate and the limits of any request."""

    house: House
    base_url: str

    async def patients(self, scope: Scope, person: Person, name: str) -> Sequence[Choice]:
        """Return patients with this name; none for no name, since a list of everyone is nobody's need."""
        if not name.strip():
            return ()
        query = (("name", name.strip()), ("_count", str(CHOICES)), ("_elements", "name,birthDate,gender"))
        request = Request("GET", "Patient", type="Patient", query=query)
        bundle = _tree(await self._seen("search_type", self._caller(scope, person), scope, request))
        found = [entry["resource"] for entry in bundle.get("entry", ()) if entry["search"]["mode"] == "match"]
        return [_choice(patient) for patient in found]

    async def patient(self, scope: Scope, person: Person, patient_id: str) -> Choice:
        """Return a patient whom the person may read. Errors: NotFound (404)."""
        return _choice(_tree(await self.read(scope, self._caller(scope, person), "Patient", patient_id)))

    async def read(self, scope: Scope, caller: Caller, resource_type: str, resource_id: str) -> Reply:
        """Return a resource that a caller may read. Errors: those of read."""
        path = f"{resource_type}/{resource_id}"
        return await self._seen("read", caller, scope, Request("GET", path, type=resource_type, id=resource_id))

    async def _seen(self, name: Name, caller: Caller, scope: Scope, request: Request) -> Reply:
        act = None
        if self.house.settings.keeps_traces:
            act = Act(kind_of(name), origin_of(scope, caller), request.type, request.id, self.base_url)
        session = session_for(self.house, caller, self.base_url, act)
        return await witnessed(gated(name, self.house.interactions[name]), session, request)

    def _caller(self, scope: Scope, person: Person) -> Caller:
        grant = Grant.of(
            "user/Patient.rs",
            practitioner=person.practitioner,
            structures=person.structures,
            roles=person.roles,
        )
        return Caller(person.tenant, person.account, exchange_of(scope).request_id, grant)


def _tree(reply: Reply) -> Mapping[str, Any]:
    found: Mapping[str, Any] = parse_json((reply.document or "{}").encode())
    return found


def _choice(patient: Mapping[str, Any]) -> Choice:
    names = patient.get("name") or [{}]
    official = next((name for name in names if name.get("use") == "official"), names[0])
    words = [*official.get("given", ()), str(official.get("family", "")).upper()]
    shown = official.get("text") or " ".join(filter(None, words)) or "(sans nom)"
    return Choice(patient["id"], shown, _french(patient.get("birthDate")), SEXES.get(patient.get("gender", ""), ""))


def _french(birth_date: str | None) -> str:
    if birth_date is None:
        return ""
    try:
        return date.fromisoformat(birth_date).strftime("%d/%m/%Y")
    except ValueError:  # a year, or a year and a month
        return "/".join(reversed(birth_date.split("-")))
