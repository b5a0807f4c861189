"""Header and bytes -> a transaction Bundle that any FHIR server can run, twice without making anything twice."""

import base64
import hashlib
from urllib.parse import quote

from usager_cda import systems
from usager_cda.datatypes import Tree
from usager_cda.datatypes.extensions import filled
from usager_cda.datatypes.identifiers import uri_pair
from usager_cda.errors import Finding
from usager_cda.fhir import names
from usager_cda.fhir.assembly import Assembly, condition, scoped_identifier, uuid_of
from usager_cda.fhir.composition import composition_of_document
from usager_cda.fhir.document_reference import CONTENT_TYPE, document_reference
from usager_cda.fhir.parties import (
    device_resource,
    is_relative,
    is_software,
    organization_resource,
    practitioner_resource,
    relative_resource,
    role_resource,
)
from usager_cda.fhir.patient import patient_resource
from usager_cda.fhir.stay import encounter_resource
from usager_cda.header import Facility, Header, Organization, Party
from usager_cda.reader import Reader
from usager_cda.structured.reading import Reading
from usager_cda.structured.sections import read_sections
from usager_cda.tree import Element

DOCUMENT_ORDER = (
    *("resourceType", "contained", "extension", "masterIdentifier", "identifier", "status", "docStatus", "type"),
    *("category", "subject", "date", "author", "authenticator", "custodian", "relatesTo", "securityLabel", "content"),
    "context",
)


def transaction_of(
    header: Header, data: bytes, findings: tuple[Finding, ...] = (), body: Element | None = None
) -> Tree:
    """Return the transaction; body is the structuredBody, None without one.

    Shape   Patient, Organization, Practitioner, PractitionerRole, Device, RelatedPerson, Encounter, the resources of
            the entries, Composition, DocumentReference, Binary, then the documents inside it, in that order. All but
            the Binaries are created if none exists (ifNoneExist): what is known already is referred to and never
            overwritten. A Binary has the id of its content.
    """
    return _Writer(header, data, findings, body).transaction()


class _Writer:
    """Makes the entries; references are fullUrls, the same for the same identity in every document."""

    def __init__(self, header: Header, data: bytes, findings: tuple[Finding, ...], body: Element | None) -> None:
        self.header = header
        self.data = data
        self.findings = findings
        self.body = body
        self.assembly = Assembly(header)
        self.entries: list[Tree] = []
        self.named: list[tuple[Tree, str, str]] = []

    def transaction(self) -> Tree:
        custodian = self.header.custodian
        stated = self._patient()
        display = _patient_display(self.header)
        subject = filled({"reference": _full_url("Patient", self._patient_key()), "display": display})
        binary_id = uuid_of("Binary", hashlib.sha256(self.data).hexdigest())
        document = document_reference(self.header, self.data, f"Binary/{binary_id}", subject, stated, self.party)
        if custodian is not None:
            document["custodian"] = self.organization(custodian)
        document |= self._authenticator()
        encounter = self._encounter(subject)
        reading = self._reading(subject)
        sections = [] if self.body is None else read_sections(self.body, reading)
        self._put_parties(subject)
        self._put_encounter(document, encounter)
        if self.body is not None:
            self._put_body(document, sections, reading)
        self._put_document(document, binary_id)
        self._put_attachments(reading)
        self._add_displays()
        return {"resourceType": "Bundle", "type": "transaction", "entry": self.entries}

    def _authenticator(self) -> Tree:
        legal = self.header.legal_authenticator
        if legal is None or is_software(legal.party):
            return {}
        reference = self.party(legal.party)
        return {"authenticator": reference} if reference else {}

    def party(self, party: Party) -> Tree | None:
        """Return the Reference of a party; None when it names nobody."""
        known = self.assembly
        if is_software(party):
            self._owner(party)
            return self._refer("Device", known.device(party))
        if is_relative(party):
            return self._refer("RelatedPerson", known.relative(party))
        if not party.name and not party.ids:
            return self.organization(party.organization) if party.organization else None
        if party.code is None and party.organization is None:
            return self._refer("Practitioner", known.person(party))
        return self._refer("PractitionerRole", known.role(party))

    def organization(self, organization: Organization) -> Tree:
        """Return the Reference of a structure."""
        return self._refer("Organization", self.assembly.organization(organization))

    def _refer(self, resource_type: str, key: str) -> Tree:
        reference = {"reference": _full_url(resource_type, key)}
        self.named.append((reference, resource_type, key))
        return reference

    def _add_displays(self) -> None:
        """Give each reference the name that its resource ended up with."""
        displays = {named: self._display(*named) for named in {(kind, key) for _, kind, key in self.named}}
        for reference, resource_type, key in self.named:
            display = displays[resource_type, key]
            if display:
                reference["display"] = display

    def _display(self, resource_type: str, key: str) -> str | None:
        known = self.assembly
        if resource_type == "Organization":
            return known.organizations[key].name
        if resource_type == "Device":
            device = known.devices[key].device
            return device.software if device else None
        if resource_type == "RelatedPerson":
            return str(known.relatives[key].name or "") or None
        person = known.people[known.roles[key][0] if resource_type == "PractitionerRole" else key]
        return str(person.name or "") or None

    def _owner(self, party: Party) -> Tree | None:
        return self.organization(party.organization) if party.organization else None

    def _patient_key(self) -> str:
        ids = self.header.patient.ids
        ranked = sorted(ids, key=lambda ii: not ii.is_ins)
        return str(ranked[0]) if ranked else self.assembly.scope

    def _patient(self) -> Tree:
        """Put the Patient and return it as the document states it: no profile claimed, no local status."""
        resource = patient_resource(self.header.patient, self.organization)
        if not resource.get("identifier"):
            resource["identifier"] = [scoped_identifier("Patient", self.assembly.scope)]
        self._post("Patient", self._patient_key(), resource)
        stated = {name: value for name, value in resource.items() if name != "meta"}
        kept = [each for each in resource["extension"] if each["url"] != names.RELIABILITY]
        stated["extension"] = kept
        return {name: value for name, value in stated.items() if value != []}

    def _put_parties(self, subject: Tree) -> None:
        known = self.assembly
        devices = [(key, party, self._owner(party)) for key, party in known.devices.items()]
        for key, organization in known.organizations.items():
            made = organization_resource(organization, key, disputed=key in known.disputed)
            self._post("Organization", key, made)
        for key, party in known.people.items():
            self._post("Practitioner", key, practitioner_resource(party, key, disputed=key in known.disputed))
        for key, (person, structure, party) in known.roles.items():
            organization_reference = self._refer("Organization", structure) if structure else None
            made = role_resource(key, self._refer("Practitioner", person), organization_reference, party.code)
            self._post("PractitionerRole", key, made)
        for key, party, owner in devices:
            self._post("Device", key, device_resource(party, key, owner))
        for key, party in known.relatives.items():
            self._post("RelatedPerson", key, relative_resource(party, key, subject))

    def _encounter(self, subject: Tree) -> Tree | None:
        stay = self.header.stay
        if not stay.says_something:
            return None
        scope = self.assembly.scope
        return encounter_resource(stay, scope, subject, self._provider(stay.facility), self.party)

    def _provider(self, facility: Facility) -> Tree | None:
        ids = tuple(ii for ii in facility.ids if ii.root == systems.STRUCTURES)
        if not ids:
            return None
        organization = Organization(ids, facility.name)
        return self._refer("Organization", self.assembly.organization(organization, is_place=True))

    def _put_encounter(self, document: Tree, encounter: Tree | None) -> None:
        if encounter is None:
            return
        key = encounter["identifier"][0]["value"]
        self._post("Encounter", key, encounter)
        document.setdefault("context", {})["encounter"] = [{"reference": _full_url("Encounter", key)}]

    def _reading(self, subject: Tree) -> Reading:
        return Reading(
            reader=Reader(),
            scope=self.assembly.scope,
            source=_source(self.header),
            subject=subject,
            time=self.header.time,
            refer=self.party,
            author=next((self.party(part.party) for part in self.header.authors), None),
        )

    def _put_body(self, document: Tree, sections: list[Tree], reading: Reading) -> None:
        """Put the resources of the entries and the Composition that lists them."""
        for made in reading.made:
            if made.type != "DocumentReference":
                self._post(made.type, made.key, made.resource, found_by=made.condition)
        composition = composition_of_document(document, self.header, reading.source, sections)
        query = f"{condition([composition['identifier']])}&_source={quote(reading.source, safe=':')}"
        self._post("Composition", self.header.key, composition, found_by=query)
        document["content"] += [
            {"attachment": each, "format": document["content"][0]["format"]} for each in reading.copies
        ]
        self.findings += tuple(reading.reader.findings)

    def _put_document(self, document: Tree, binary_id: str) -> None:
        ordered = {name: document[name] for name in DOCUMENT_ORDER if name in document}
        query = condition([document["masterIdentifier"]])
        full_url = self._post("DocumentReference", self.header.key, ordered, found_by=query)
        remarks = [_finding(finding) for finding in dict.fromkeys((*self.findings, *self.assembly.findings))]
        if remarks:
            self.entries[-1] = {"extension": remarks, **self.entries[-1]}
        self._put_binary(binary_id, CONTENT_TYPE, self.data, {"reference": full_url})

    def _put_attachments(self, reading: Reading) -> None:
        """Put the documents that are inside the document, behind it, and the bytes of its files."""
        context = {"reference": _full_url("DocumentReference", self.header.key)}
        for made in reading.made:
            if made.type == "DocumentReference":
                made.resource["context"] = {"related": [context]}
                self._post(made.type, made.key, made.resource, found_by=made.condition)
        for key, media_type, content in dict.fromkeys(reading.files):
            self._put_binary(key, media_type, content, context)

    def _put_binary(self, binary_id: str, media_type: str, content: bytes, context: Tree) -> None:
        binary = {
            "resourceType": "Binary",
            "id": binary_id,
            "contentType": media_type,
            "securityContext": context,
            "data": base64.b64encode(content).decode("ascii"),
        }
        request = {"method": "PUT", "url": f"Binary/{binary_id}"}
        self.entries.append({"fullUrl": f"urn:uuid:{binary_id}", "resource": binary, "request": request})

    def _post(self, resource_type: str, key: str, resource: Tree, *, found_by: str | None = None) -> str:
        full_url = _full_url(resource_type, key)
        query = found_by or condition(_matching(resource))
        request = {"method": "POST", "url": resource_type, "ifNoneExist": query}
        self.entries.append({"fullUrl": full_url, "resource": resource, "request": request})
        return full_url


def _matching(resource: Tree) -> list[Tree]:
    """Return the identifiers a resource is found by: of a patient the INS and local numbers, never a billing number."""
    usable = [each for each in resource["identifier"] if each.get("use") != "secondary"]
    return usable or list(resource["identifier"])


def _source(header: Header) -> str:
    """Return the URI of this version of the document."""
    system, value = uri_pair(header.id)
    return value if system == systems.URIS else f"{system}#{quote(value)}"


def _full_url(resource_type: str, key: str) -> str:
    return f"urn:uuid:{uuid_of(resource_type, key)}"


def _patient_display(header: Header) -> str | None:
    name = header.patient.name
    plain = name._replace(givens=(), families=(), prefix=None, suffix=None)
    first = name.given("CL", "BR", None)
    family = name.family("CL", "BR", None, "SP")
    return " ".join(filter(None, (first, family))) or plain.text


def _finding(finding: Finding) -> Tree:
    parts = (("severity", "valueCode", finding.severity), ("message", "valueString", finding.message))
    inner: list[Tree] = [{"url": url, kind: value} for url, kind, value in parts]
    if finding.line:
        inner.append({"url": "line", "valuePositiveInt": finding.line})
    if finding.xpath:
        inner.append({"url": "xpath", "valueString": finding.xpath})
    return {"url": names.FINDING, "extension": inner}
