"""What a header says beside the identity, as labelled lines: the essential first, the rest at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from usager_cda.header import Guardian, Header, Organization, Participation, Party
from usager_cda.telling import wording


@dataclass(frozen=True, slots=True)
class Line:
    """One labelled line; details are lesser lines under it."""

    label: str
    value: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The structure a document comes from."""

    name: str
    lines: tuple[str, ...] = ()


def letterhead(header: Header) -> Letterhead | None:
    """Return the structure to put at the top: the author's, else the one that keeps the document."""
    written = (part.party.organization for part in header.authors)
    found = next((each for each in (*written, header.custodian) if each and each.name), None)
    if found is None or found.name is None:
        return None
    known = _richest(found, header.custodian)
    address = wording.address_lines(known.addresses[0]) if known.addresses else []
    return Letterhead(found.name, tuple(filter(None, (*address, wording.telecoms(known.telecoms)))))


def _richest(found: Organization, custodian: Organization | None) -> Organization:
    """The same structure may be told with its address in one place and without in another."""
    return custodian if custodian and custodian.name == found.name and not found.addresses else found


def essential(header: Header) -> list[Line]:
    """Return what a reader looks for first: who wrote, to whom, of when, during what."""
    act = header.main_act
    lines = [*_people("Auteur", header.authors), *_people("Destinataire", header.recipients)]
    if header.legal_authenticator and _key(header.legal_authenticator) not in map(_key, header.authors):
        lines += _people("Validé par", (header.legal_authenticator,))
    event = ", ".join(filter(None, (wording.label(act.code), wording.period(act.period))))
    lines += _told("Acte", event)
    lines += _told("Prise en charge", _stay(header))
    return lines


def _key(part: Participation) -> object:
    return part.party.ids or part.party.name


def whole(header: Header) -> list[Line]:
    """Return the rest of the header, so that nothing of it is lost on paper."""
    lines = [
        *_told("Type de document", wording.label(header.code)),
        *_told("Identifiant", str(header.id) if header.id.is_known else None),
        *_told("Jeu de versions", str(header.set_id) if header.set_id else None),
        *_told("Confidentialité", _confidentiality(header)),
    ]
    for parent in header.parents:
        kind = "Remplace le document" if parent.type_code == "RPLC" else "Complète le document"
        lines += _told(kind, str(parent.id))
    lines += _people("Signataire légal", (header.legal_authenticator,))
    lines += _people("Validé par", header.authenticators)
    lines += _people("Saisi par", (header.data_enterer,))
    lines += _structure("Structure conservatrice", header.custodian)
    lines += _people("Intervenant", header.main_act.performers)
    lines += [line for act in header.acts[1:] for line in _told("Autre acte", wording.label(act.code))]
    lines += [line for part in header.informants for line in _people(_relation(part.party), (part,))]
    lines += [line for guardian in header.patient.guardians for line in _guardian(guardian)]
    lines += [line for part in header.participants for line in _people(_role(part), (part,))]
    lines += [line for part in header.stay.participants for line in _people("Prise en charge", (part,))]
    lines += [line for order in header.orders for line in _told("Demande", str(order))]
    lines += [line for consent in header.consents for line in _told("Consentement", wording.label(consent.code))]
    return lines


def _told(label: str, value: str | None) -> list[Line]:
    return [Line(label, value)] if value else []


def _people(label: str, parts: Iterable[Participation | None]) -> list[Line]:
    found = [line for part in parts if part for line in _person(label, part)]
    return list(dict.fromkeys(found))


def _person(label: str, part: Participation) -> Iterator[Line]:
    party = part.party
    name = wording.person(party.name) or (party.device and party.device.software)
    organization = wording.structure(party.organization)
    if not name and not organization:
        return
    numbers = tuple(filter(None, map(wording.number, party.ids)))
    function = wording.label(part.function) or wording.label(party.code)
    about = (function, *numbers, organization if name else None)
    contact = wording.telecoms(party.telecoms)
    when = wording.moment(part.time)
    details = (" · ".join(filter(None, about)), contact, f"le {when}" if when else None)
    yield Line(label, name or str(organization), tuple(filter(None, details)))


def _structure(label: str, organization: Organization | None) -> list[Line]:
    name = wording.structure(organization)
    if organization is None or not name:
        return []
    numbers = " · ".join(filter(None, map(wording.number, organization.ids)))
    address = ", ".join(line for each in organization.addresses[:1] for line in wording.address_lines(each))
    details = (numbers, address, wording.telecoms(organization.telecoms))
    return [Line(label, name, tuple(filter(None, details)))]


def _guardian(guardian: Guardian) -> list[Line]:
    name = wording.person(guardian.name) or wording.structure(guardian.organization)
    contact = wording.telecoms(guardian.telecoms)
    return [Line("Représentant légal", name, (contact,) if contact else ())] if name else []


def _relation(party: Party) -> str:
    return wording.RELATIONS.get(party.class_code or "", "Informateur") if party.is_relative else "Informateur"


def _role(part: Participation) -> str:
    return wording.label(part.function) or "Participant"


def _confidentiality(header: Header) -> str | None:
    code = header.confidentiality
    return wording.CONFIDENTIALITY.get(code.code or "", wording.label(code) or "") if code else None


def _stay(header: Header) -> str | None:
    stay = header.stay
    if not stay.says_something:
        return None
    place = stay.facility.name
    kind = wording.label(stay.code)
    return ", ".join(filter(None, (place, kind, wording.period(stay.period)))) or None
