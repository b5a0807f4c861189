"""Reads the parts of a header one by one, and keeps what is to be reported."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from usager_cda.datatypes.codes import Code, parse_code
from usager_cda.datatypes.identifiers import II, parse_ii
from usager_cda.datatypes.names import parse_name
from usager_cda.datatypes.places import parse_address
from usager_cda.datatypes.telecoms import parse_telecom
from usager_cda.datatypes.times import Interval, interval_texts, is_reversed, oddity_of, parse_ts
from usager_cda.errors import Finding, NotConformant, refusal
from usager_cda.header import Act, Consent, Device, Facility, Organization, Parent, Participation, Party, Stay
from usager_cda.shapes import SHAPES, Shape
from usager_cda.systems import PERSONS, STRUCTURES
from usager_cda.tree import SDTC, Element, Kids, attribute, child, children, descendant, line_of, text_of, xpath_of

NO_CODE = Code()
NO_ORGANIZATION = Organization()
POSITIVE = re.compile(r"0{0,40}[1-9][0-9]{0,9}", re.ASCII)


@dataclass(slots=True)
class Reader:
    """Reads elements and keeps what is to be reported."""

    findings: list[Finding] = field(default_factory=list)

    def report(self, element: Element, message: str, severity: str = "warning") -> None:
        """Keep one remark about an element."""
        self.findings.append(Finding(severity, message, line_of(element), xpath_of(element)))

    def document_id(self, root: Element) -> II:
        """Return the id of the document. Errors: NotConformant without one: it could not be found again."""
        element = child(root, "id")
        found = parse_ii(element) if element is not None else II()
        if not found.is_known:
            place = root if element is None else element
            message = "The document has no identity; expected ClinicalDocument/id with a root"
            raise NotConformant(refusal(message, line=line_of(place), xpath=xpath_of(place)))
        return found

    def only_one(self, root: Element, name: str) -> Element:
        """Return the one child of that name. Errors: NotConformant when there are none or several."""
        found = children(root, name)
        if len(found) != 1:
            place = found[1] if found else root
            message = f"The document has {len(found)} {name}; expected exactly one"
            raise NotConformant(refusal(message, line=line_of(place), xpath=xpath_of(place)))
        return found[0]

    def ids(self, found: Sequence[Element]) -> tuple[II, ...]:
        """Return the identifiers that name something."""
        return tuple(ii for each in found if (ii := parse_ii(each)).is_known)

    def names(self, found: Sequence[Element], *, may_be_oid: bool = False) -> tuple[II, ...]:
        """Return the ids of someone; an authority without a number would name everyone, and is reported.

        may_be_oid: a structure may have an OID of its own, a person may not.
        """
        known: list[II] = []
        for each in found:
            ii = parse_ii(each)
            is_own = may_be_oid and ii.root not in (PERSONS, STRUCTURES)
            if ii.is_known and (ii.names_one or is_own):
                known.append(ii)
            elif ii.is_known:
                self.report(each, f"The id {ii.root} has no extension: it names nobody, and is left out")
        return tuple(known)

    def code(self, element: Element | None) -> Code | None:
        """Return the value of a coded element; None when it is absent or says nothing."""
        code = parse_code(element)
        return None if code == NO_CODE else code

    def time(self, element: Element | None) -> str | None:
        """Return the TS of an element as a FHIR date or dateTime; an impossible one is reported and left out."""
        return None if element is None else self._time(element, attribute(element, "value"))

    def _time(self, element: Element, text: str | None) -> str | None:
        if text is None:
            return None
        try:
            value = parse_ts(text)
        except ValueError as error:
            self.report(element, f"{error}; it is left out")
            return None
        oddity = oddity_of(text)
        if oddity:
            self.report(element, f"{text} has {oddity}; it is read as {value}")
        return value

    def interval(self, element: Element | None) -> Interval | None:
        """Return the IVL_TS of an element; None when there is no element."""
        if element is None:
            return None
        first, last = interval_texts(element)
        low, high = self._time(element, first), self._time(element, last)
        if low and high and is_reversed(low, high):
            self.report(element, f"The period ends ({high}) before it begins ({low}); its end is left out")
            high = None
        return Interval(low, high, attribute(element, "nullFlavor") if not (low or high) else None)

    def positive(self, element: Element | None) -> int | None:
        """Return a positive integer; anything else is reported and left out."""
        text = attribute(element, "value")
        if element is None or text is None:
            return None
        if POSITIVE.fullmatch(text) and int(text.lstrip("0")) < 2**31:
            return int(text.lstrip("0"))
        self.report(element, f"{text[:40]!r} is not a positive integer; it is left out")
        return None

    def organization(self, element: Element | None) -> Organization | None:
        """Return a structure; None when it is absent or says nothing."""
        if element is None:
            return None
        kids = Kids(element)
        found = Organization(
            ids=self.names(kids.all("id"), may_be_oid=True),
            name=text_of(kids.first("name")),
            telecoms=tuple(map(parse_telecom, kids.all("telecom"))),
            addresses=tuple(map(parse_address, kids.all("addr"))),
            industry=self.code(kids.first("standardIndustryClassCode")),
        )
        return found if found != NO_ORGANIZATION else None

    def custodian(self, element: Element | None) -> Organization | None:
        """Return the structure that keeps the document."""
        return self.organization(descendant(element, "assignedCustodian/representedCustodianOrganization"))

    def orders(self, found: Sequence[Element]) -> tuple[II, ...]:
        """Return the orders that the document fulfils."""
        return tuple(ii for each in found for ii in self.ids(children(child(each, "order"), "id")))

    def participations(self, kids: Kids, role: str) -> tuple[Participation, ...]:
        """Return the participations of one name, in their order."""
        found = (self.participation(each, role) for each in kids.all(role))
        return tuple(participation for participation in found if participation is not None)

    def participation(self, element: Element, role: str) -> Participation | None:
        """Return one participation; one that names nobody is reported and left out."""
        kids = Kids(element)
        shape = SHAPES["relative"] if kids.first("relatedEntity") is not None else SHAPES[role]
        entity = kids.first(shape.entity)
        if entity is None:
            self.report(element, f"{role} names nobody; expected {shape.entity}")
            return None
        moment, party = kids.first("time"), self.party(entity, shape)
        if not (party.ids or party.name or party.organization or party.device):
            self.report(element, f"{role} names nobody; it is kept in the original document only", "information")
        return Participation(
            role=role,
            party=party,
            type_code=attribute(element, "typeCode") if role in ("participant", "encounterParticipant") else None,
            function=self.code(_function(element, kids)),
            time=self.time(moment) if shape.moment == "TS" else None,
            period=self.interval(moment) if shape.moment == "IVL_TS" else None,
        )

    def party(self, entity: Element, shape: Shape) -> Party:
        """Return who an entity is."""
        kids = Kids(entity)
        device = kids.first("assignedAuthoringDevice")
        return Party(
            ids=self.names(kids.all("id")),
            code=self.code(kids.first("code")),
            addresses=tuple(map(parse_address, kids.all("addr"))),
            telecoms=tuple(map(parse_telecom, kids.all("telecom"))),
            name=parse_name(child(kids.first(shape.person), "name")) if shape.person else None,
            device=None if device is None else _device(device),
            organization=self.organization(kids.first(shape.organization)) if shape.organization else None,
            class_code=attribute(entity, "classCode") if shape.class_code else None,
            is_relative=shape is SHAPES["relative"],
        )

    def act(self, element: Element) -> Act:
        """Return one documented act."""
        event = child(element, "serviceEvent")
        if event is None:
            self.report(element, "documentationOf has no serviceEvent")
            return Act()
        kids = Kids(event)
        return Act(
            ids=self.ids(kids.all("id")),
            code=self.code(kids.first("code")),
            period=self.interval(kids.first("effectiveTime")),
            performers=self.participations(kids, "performer"),
        )

    def parents(self, relations: Sequence[Element]) -> tuple[Parent, ...]:
        """Return the documents this one follows."""
        found: list[Parent] = []
        for related in relations:
            parent = Kids(child(related, "parentDocument"))
            ids = self.ids(parent.all("id"))
            if not ids:
                self.report(related, "relatedDocument names no document; expected parentDocument/id")
                continue
            set_id = next(iter(self.ids(parent.all("setId"))), None)
            version = self.positive(parent.first("versionNumber"))
            found.append(Parent(attribute(related, "typeCode") or "RPLC", ids[0], set_id, version))
        return tuple(found)

    def consent(self, element: Element) -> Consent:
        """Return one authorization."""
        kids = Kids(child(element, "consent"))
        status = attribute(kids.first("statusCode"), "code")
        return Consent(self.ids(kids.all("id")), self.code(kids.first("code")), status)

    def stay(self, element: Element | None) -> Stay:
        """Return the encompassing encounter."""
        if element is None:
            return Stay()
        kids = Kids(element)
        responsible = child(kids.first("responsibleParty"), "assignedEntity")
        return Stay(
            ids=self.ids(kids.all("id")),
            code=self.code(kids.first("code")),
            period=self.interval(kids.first("effectiveTime")),
            discharge=self.code(kids.first("dischargeDispositionCode")),
            responsible=None if responsible is None else self.party(responsible, SHAPES["responsibleParty"]),
            participants=self.participations(kids, "encounterParticipant"),
            facility=self.facility(child(kids.first("location"), "healthCareFacility")),
        )

    def facility(self, element: Element | None) -> Facility:
        """Return where the encounter took place."""
        kids = Kids(element)
        place = Kids(kids.first("location"))
        address = place.first("addr")
        return Facility(
            ids=self.ids(kids.all("id")),
            code=self.code(kids.first("code")),
            name=text_of(place.first("name")),
            address=None if address is None else parse_address(address),
        )


def _function(element: Element, kids: Kids) -> Element | None:
    """Return the functionCode, which the performers of entries have in the extension of HL7 only."""
    found = kids.first("functionCode")
    return next(element.iterchildren(SDTC + "functionCode"), None) if found is None else found


def _device(element: Element) -> Device:
    return Device(text_of(child(element, "manufacturerModelName")), text_of(child(element, "softwareName")))
