"""Reads the parts of a header one by one, and keeps what is to be reported."""

import re
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
from usager_cda.tree import Element, attribute, child, children, descendant, line_of, text_of, xpath_of

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

    def ids(self, element: Element | None, name: str) -> tuple[II, ...]:
        """Return the identifiers that name something."""
        return tuple(ii for found in children(element, name) if (ii := parse_ii(found)).is_known)

    def names(self, element: Element | None, *, may_be_oid: bool = False) -> tuple[II, ...]:
        """Return the ids of someone; an authority without a number would name everyone, and is reported.

        may_be_oid: a structure may have an OID of its own, a person may not.
        """
        known: list[II] = []
        for found in children(element, "id"):
            ii = parse_ii(found)
            is_own = may_be_oid and ii.root not in (PERSONS, STRUCTURES)
            if ii.is_known and (ii.names_one or is_own):
                known.append(ii)
            elif ii.is_known:
                self.report(found, f"The id {ii.root} has no extension: it names nobody, and is left out")
        return tuple(known)

    def code(self, element: Element | None, name: str) -> Code | None:
        """Return a coded child; None when it is absent or says nothing."""
        code = parse_code(child(element, name))
        return None if code == Code() else code

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
        low, high = (self._time(element, text) for text in interval_texts(element))
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
        found = Organization(
            ids=self.names(element, may_be_oid=True),
            name=text_of(child(element, "name")),
            telecoms=tuple(map(parse_telecom, children(element, "telecom"))),
            addresses=tuple(map(parse_address, children(element, "addr"))),
            industry=self.code(element, "standardIndustryClassCode"),
        )
        return found if found != Organization() else None

    def custodian(self, root: Element) -> Organization | None:
        """Return the structure that keeps the document."""
        return self.organization(descendant(root, "custodian/assignedCustodian/representedCustodianOrganization"))

    def participations(self, element: Element, role: str) -> tuple[Participation, ...]:
        """Return the participations of one name, in their order."""
        found = (self.participation(each, role) for each in children(element, role))
        return tuple(participation for participation in found if participation is not None)

    def participation(self, element: Element, role: str) -> Participation | None:
        """Return one participation; one that names nobody is reported and left out."""
        related = child(element, "relatedEntity")
        shape = SHAPES["relative"] if related is not None else SHAPES[role]
        entity = child(element, shape.entity)
        if entity is None:
            self.report(element, f"{role} names nobody; expected {shape.entity}")
            return None
        moment = child(element, "time")
        return Participation(
            role=role,
            party=self.party(entity, shape),
            type_code=attribute(element, "typeCode") if role in ("participant", "encounterParticipant") else None,
            function=self.code(element, "functionCode"),
            time=self.time(moment) if shape.moment == "TS" else None,
            period=self.interval(moment) if shape.moment == "IVL_TS" else None,
        )

    def party(self, entity: Element, shape: Shape) -> Party:
        """Return who an entity is."""
        device = child(entity, "assignedAuthoringDevice")
        return Party(
            ids=self.names(entity),
            code=self.code(entity, "code"),
            addresses=tuple(map(parse_address, children(entity, "addr"))),
            telecoms=tuple(map(parse_telecom, children(entity, "telecom"))),
            name=parse_name(descendant(entity, f"{shape.person}/name")),
            device=None if device is None else _device(device),
            organization=self.organization(child(entity, shape.organization)) if shape.organization else None,
            class_code=attribute(entity, "classCode") if shape.class_code else None,
            is_relative=shape is SHAPES["relative"],
        )

    def act(self, element: Element) -> Act:
        """Return one documented act."""
        event = child(element, "serviceEvent")
        if event is None:
            self.report(element, "documentationOf has no serviceEvent")
            return Act()
        return Act(
            ids=self.ids(event, "id"),
            code=self.code(event, "code"),
            period=self.interval(child(event, "effectiveTime")),
            performers=self.participations(event, "performer"),
        )

    def parents(self, root: Element) -> tuple[Parent, ...]:
        """Return the documents this one follows."""
        found: list[Parent] = []
        for related in children(root, "relatedDocument"):
            parent = child(related, "parentDocument")
            ids = self.ids(parent, "id")
            if parent is None or not ids:
                self.report(related, "relatedDocument names no document; expected parentDocument/id")
                continue
            set_id = next(iter(self.ids(parent, "setId")), None)
            version = self.positive(child(parent, "versionNumber"))
            found.append(Parent(attribute(related, "typeCode") or "RPLC", ids[0], set_id, version))
        return tuple(found)

    def consent(self, element: Element) -> Consent:
        """Return one authorization."""
        consent = child(element, "consent")
        status = attribute(child(consent, "statusCode"), "code")
        return Consent(self.ids(consent, "id"), self.code(consent, "code"), status)

    def stay(self, element: Element | None) -> Stay:
        """Return the encompassing encounter."""
        if element is None:
            return Stay()
        responsible = descendant(element, "responsibleParty/assignedEntity")
        return Stay(
            ids=self.ids(element, "id"),
            code=self.code(element, "code"),
            period=self.interval(child(element, "effectiveTime")),
            discharge=self.code(element, "dischargeDispositionCode"),
            responsible=None if responsible is None else self.party(responsible, SHAPES["responsibleParty"]),
            participants=self.participations(element, "encounterParticipant"),
            facility=self.facility(descendant(element, "location/healthCareFacility")),
        )

    def facility(self, element: Element | None) -> Facility:
        """Return where the encounter took place."""
        address = descendant(element, "location/addr")
        return Facility(
            ids=self.ids(element, "id"),
            code=self.code(element, "code"),
            name=text_of(descendant(element, "location/name")),
            address=None if address is None else parse_address(address),
        )


def _device(element: Element) -> Device:
    return Device(text_of(child(element, "manufacturerModelName")), text_of(child(element, "softwareName")))
