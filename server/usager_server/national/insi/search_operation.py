"""Patient/$ins-search, Patient/[id]/$ins-search: INSi is asked who somebody is; nothing is written but its answer."""

from typing import Any

from usager_server.errors import Forbidden, Invalid, NotFound, Unprocessable
from usager_server.identity.matricule import FORM, matricule_of
from usager_server.identity.status import FORCING, attributes_of
from usager_server.identity.traits import SEXES, Traits, traits_of
from usager_server.interactions.session import OperationRequest, Reply, Session
from usager_server.jsontext import parse_json
from usager_server.national.insi.calling import Calling
from usager_server.national.insi.messages import CardHolder, Number
from usager_server.national.insi.retrieval import problems_of, retrieve
from usager_server.national.insi.searching import keep, parts_of
from usager_server.operations.parameters import given, parameters
from usager_server.repository import Stored
from usager_server.requirements import fulfils

Resource = dict[str, Any]

ONE_RECORD = (
    "Traits that are given may be anybody's: it takes a scope such as user/Patient.rs; an application on one record "
    "asks about that Patient: Patient/[id]/$ins-search"
)


class Searching:
    """The operation, at both its levels."""

    def __init__(self, calling: Calling) -> None:
        self._calling = calling

    @fulfils("SC.INS.14", "P-INS-09", "P-INS-13", "INS/va1.59", "SC.INS/PSC.50")
    async def search(self, session: Session, request: OperationRequest) -> Reply:
        """Return what INSi answers about somebody, compared with what is known here.

        Time    that of INSi: a call or two, a few more when other given names are tried.
        Errors  Unprocessable (422) when it may not be asked, or refuses; Unavailable (503) when it does not answer;
                NotFound (404) without such a Patient; Forbidden (403) to an application on one record that asks about
                traits, which may be anybody's.
        Source  ins.md 4.4.
        """
        if request.resource_id is not None:
            return await self._about_patient(session, request, request.resource_id)
        if session.reach is not None and not session.reach.permits_beyond("Patient", "s"):
            raise Forbidden(ONE_RECORD)
        holder = _card_holder(request)
        if holder is not None:
            return await self._by_card(session, request, holder)
        traits = traits_given(request)
        _refuse_unaskable(traits)
        async with self._calling.client(session, request) as client:
            outcome = await retrieve(client.search, traits)
            found = await keep(session, client, outcome.code, outcome.individual, outcome.attempts)
        return Reply(resource=parameters(*parts_of(session, found, traits, None, 0)))

    async def _about_patient(self, session: Session, request: OperationRequest, patient_id: str) -> Reply:
        patient, version = await read_patient(session, patient_id)
        refuse_blocked(patient)
        traits = traits_of(patient)
        _refuse_unaskable(traits)
        async with self._calling.client(session, request, patient_id) as client:
            outcome = await retrieve(client.search, traits)
            found = await keep(session, client, outcome.code, outcome.individual, outcome.attempts, patient_id, version)
        return Reply(resource=parameters(*parts_of(session, found, traits, matricule_of(patient), version)))

    async def _by_card(self, session: Session, request: OperationRequest, holder: CardHolder) -> Reply:
        async with self._calling.client(session, request) as client:
            reply = await client.search_by_card(holder)
            found = await keep(session, client, reply.code, reply.individual)
        return Reply(resource=parameters(*parts_of(session, found, Traits(), None, 0)))


async def read_patient(session: Session, patient_id: str) -> tuple[Resource, int]:
    """Return a Patient and its version. Errors: NotFound (404)."""
    stored: Stored | None = await session.repository.read("Patient", patient_id)
    if stored is None or stored.document is None:
        raise NotFound(f"There is no Patient/{patient_id}")
    tree: Resource = parse_json(stored.document.encode())
    return tree, stored.version


def refuse_blocked(patient: Resource) -> None:
    """Refuse to ask about an identity that is douteuse or fictive. Errors: Unprocessable (422), in French."""
    forcing = attributes_of(patient) & FORCING
    if forcing:
        text = f"L'identité est {min(forcing).name} : INSi ne peut pas être interrogé. Décocher d'abord cet attribut."
        raise Unprocessable(text, "Patient", code="business-rule")


def _refuse_unaskable(traits: Traits) -> None:
    problems = problems_of(traits)
    if problems:
        raise Unprocessable(
            f"INSi ne peut pas être interrogé : {' ; '.join(problems)}", "Patient", code="business-rule"
        )


def traits_given(request: OperationRequest) -> Traits:
    """Return the traits that the parameters of an operation say; "" for what they do not."""
    listed = _text(request, "givenNames")
    return Traits(
        birth_name=_text(request, "birthName"),
        first_birth_given_name=_text(request, "givenName") or listed.partition(" ")[0],
        birth_given_names=listed,
        sex=SEXES.get(_text(request, "gender"), ""),
        birth_date=_text(request, "birthDate"),
        birth_place=_text(request, "birthPlace"),
    )


def _card_holder(request: OperationRequest) -> CardHolder | None:
    insured = _text(request, "cardInsuredNumber")
    if not insured:
        return None
    own, rank = _text(request, "cardOwnNumber"), given(request, "cardBirthRank")
    for name, number in (("cardInsuredNumber", insured), ("cardOwnNumber", own)):
        if number and not FORM.fullmatch(number):
            raise Invalid(f"{name} has 13 characters and a key of 2", name, code="value")
    return CardHolder(
        insured=Number(insured[:13], insured[13:]),
        birth_date=_text(request, "birthDate"),
        rank=str(rank if isinstance(rank, int) and rank > 0 else 1),
        own=Number(own[:13], own[13:]) if own else None,
        birth_name=_text(request, "birthName"),
    )


def _text(request: OperationRequest, name: str) -> str:
    value = given(request, name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} is a text", name, code="value")
    return (value or "").strip()
