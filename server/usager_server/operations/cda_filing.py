"""Where an incoming document belongs: whether it is here already, whose it is, and which version it follows."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from usager_server.documents.editions import Edition, edition_of, token
from usager_server.documents.identity import differing_traits
from usager_server.errors import Conflict, Invalid, Issue, Unprocessable, operation_outcome
from usager_server.identity.matricule import identifiers_of
from usager_server.interactions.conditions import hold, parse_identity, parse_if_none_exist, the_one
from usager_server.interactions.limits import DOCUMENT_VERSIONS_LIMIT
from usager_server.interactions.queries import search_query
from usager_server.interactions.session import Session
from usager_server.jsontext import parse_json
from usager_server.matching.absorbing import replacement_of
from usager_server.matching.repointing import repointed
from usager_server.operations.likely_records import alike
from usager_server.repository import Stored
from usager_server.requirements import fulfils
from usager_server.traces.event import Event
from usager_server.traces.origins import ELSEWHERE, FACES, From, detail_name, tag
from usager_server.traces.patients import patients_in

Resource = dict[str, Any]

RECORDS = 10
"""Records of one identifier, and replacements of one record, that are looked at."""


class Filing:
    """One document on its way in, inside a database transaction."""

    def __init__(self, session: Session, bundle: Resource) -> None:
        self.session = session
        self.entries: list[Resource] = bundle["entry"]
        self.patient = self._entry("Patient")
        self.document = self._entry("DocumentReference")
        self.edition = edition_of(self.document["resource"])
        self.superseded: list[Stored] = []
        self.origin: From | None = None

    async def hold(self) -> None:
        """Let no one else file another version of this document until this one is filed."""
        named = [("identifier", self.edition.set or self.edition.id)]
        await hold(self.session, parse_identity(self.session, "DocumentReference", named))

    @fulfils("SC.CDA/INT.08")
    def stamp(self, origin: From | None) -> None:
        """Mark the document with where it came from, on each of its faces."""
        self.origin = origin
        if origin is None:
            return
        for entry in self.entries:
            resource = entry["resource"]
            if resource["resourceType"] in FACES:
                meta = resource.get("meta", {})
                resource["meta"] = {**meta, "tag": [*meta.get("tag", ()), tag(origin)]}

    @fulfils("SC.CDA/INT.18")
    async def already_here(self) -> str | None:
        """Return the address of this very document, or None.

        Errors  Conflict (409) when it is here with other bytes: one id must not name two documents.
        """
        for stored in await self._documents(self.edition.id):
            known = edition_of(_tree(stored))
            if known.id != self.edition.id:
                continue
            if known.hash != self.edition.hash:
                text = f"{_address(stored)} has the id of this document and another content; one of the two is wrong"
                raise Conflict(text, code="duplicate")
            return _address(stored)
        return None

    @fulfils("SENTINELLE.20")
    async def attach_to(self, reference: str | None, *, is_new: bool = False) -> None:
        """Attach the document to a Patient: the one asked for, else the one of that identifier, else a new one.

        Shape   a record that another one replaces leads to that one. is_new: the caller looked at those that are alike.
        Errors  Conflict (409) when the one of that identifier has other traits, or when nobody has the matricule and
                records of alike traits are here: a person must say whose it is.
        """
        if reference is not None:
            await self._attach_to_chosen(reference)
            return
        found = await self._known()
        likely = [] if found is not None or is_new else await self._alike()
        if likely:  # another document of this person may have been filed since nobody was known
            found = await self._known()
        if found is not None:
            self._refuse_other_traits(found)
        elif likely:
            self._refuse_alike(likely)

    @fulfils("SC.CDA/INT.18")
    async def follow_versions(self) -> None:
        """Supersede the versions that this one follows.

        Errors  Conflict (409) when a newer version, or another one of the same number, is here.
        """
        versions = await self._documents(self.edition.set) if self.edition.set else []
        known = [(stored, edition_of(_tree(stored))) for stored in versions]
        for stored, edition in known:
            self._refuse_older(stored, edition)
        parents = [found for parent in self.edition.parents for found in await self._documents(parent)]
        by_address = {_address(stored): stored for stored in [*(stored for stored, _ in known), *parents]}
        for stored in by_address.values():
            await self._supersede(stored)
        self._link_parents(parents)

    def answer_for(self, address: str) -> Resource:
        """Return the answer for a document that is here already."""
        text = "This document is here already; nothing was changed"
        outcome = operation_outcome([Issue("information", "informational", text)])
        entry = {"response": {"status": "200 OK", "location": address, "outcome": outcome}}
        return {"resourceType": "Bundle", "type": "transaction-response", "entry": [entry]}

    async def tell(self, response: Resource) -> None:
        """Trace that a document was received from elsewhere, in the transaction that files it."""
        act, origin = self.session.act, self.origin
        if act is None or origin not in ELSEWHERE:
            return
        address = self.location_in(response)
        subject = self.document["resource"].get("subject", {}).get("reference", "")
        kind, _, key = address.partition("/")
        event = Event(
            "document-received",
            act.origin,
            type=kind,
            id=key,
            patients=patients_in(f'"{subject}"'),
            detail={"service": origin, detail_name(origin): [address]},
        )
        await self.session.repository.record([event])

    def annotated(self, response: Resource) -> Resource:
        """Return the transaction-response with what was odd in the document, in the entry of its DocumentReference."""
        issues = [_issue(extension) for extension in self.document.get("extension", ())]
        if issues:
            response["entry"][self._index]["response"]["outcome"] = operation_outcome(issues)
        return response

    def location_in(self, response: Resource) -> str:
        """Return the address of the DocumentReference."""
        location: str = response["entry"][self._index]["response"]["location"]
        return location.partition("/_history/")[0]

    @property
    def _index(self) -> int:
        return self.entries.index(self.document)

    def _entry(self, resource_type: str) -> Resource:
        return next(entry for entry in self.entries if entry["resource"]["resourceType"] == resource_type)

    async def _attach_to_chosen(self, reference: str) -> None:
        kind, _, key = reference.removeprefix(f"{self.session.base_url}/").partition("/")
        if kind != "Patient" or not key:
            raise Invalid(f"patient is {reference[:80]!r}; expected Patient/id", "Parameters.parameter", code="value")
        stored = await self.session.repository.read(kind, key)
        if stored is None or stored.document is None:
            raise Unprocessable(f"There is no {kind}/{key}", "Parameters.parameter", code="not-found")
        self._file_under(f"{kind}/{key}")

    async def _known(self) -> Stored | None:
        """Return the record of the identifier; when it takes the place of another, the document is filed under it."""
        condition = self.patient["request"]["ifNoneExist"]
        identity = parse_if_none_exist(self.session, "Patient", condition)
        page = await self.session.repository.search(replace(identity.query, count=RECORDS))
        matches = [found.stored for found in page.entries if found.mode == "match"]
        standing = {each.id: each for each in [await self._standing(match) for match in matches]}
        known = the_one(identity, list(standing.values()))
        if known is not None and [match.id for match in matches] != [known.id]:
            self._file_under(_address(known))
        return known

    async def _standing(self, stored: Stored) -> Stored:
        """Return the record that stands for this one: itself, or the last of those that replace it."""
        for _ in range(RECORDS):
            reference = replacement_of(_tree(stored))
            kind, _, key = (reference or "").partition("/")
            following = await self.session.repository.read(kind, key) if kind == "Patient" else None
            if following is None or following.document is None:
                break
            stored = following
        return stored

    def _refuse_other_traits(self, found: Stored) -> None:
        differing = differing_traits(self.patient["resource"], _tree(found))
        if differing:
            text = (
                f"The document names the person of {_address(found)} with another {', '.join(differing)}; "
                "say whose it is with the parameter patient"
            )
            raise Conflict(text, "Patient", code="business-rule")

    async def _alike(self) -> list[Stored]:
        """Return the records that are probably this person's; none without a matricule: only that is looked at so."""
        resource = self.patient["resource"]
        if not identifiers_of(resource):
            return []
        return [each.stored for each in await alike(self.session, resource) if each.is_likely]

    def _refuse_alike(self, likely: list[Stored]) -> None:
        """Refuse to make a record beside these."""
        names = ", ".join(map(_address, likely))
        text = (
            f"Nobody here has the matricule of the document, and {names} may be this person: file it under that "
            "record with the parameter patient, or make a new one with new-patient"
        )
        raise Conflict(text, "Patient", code="business-rule")

    def _file_under(self, address: str) -> None:
        _point(self.entries, self.patient["fullUrl"], address)
        self.entries.remove(self.patient)

    async def _documents(self, identifier: str) -> list[Stored]:
        parameters = [("identifier", identifier), ("_count", str(DOCUMENT_VERSIONS_LIMIT))]
        page = await self.session.repository.search(
            search_query(self.session, ("DocumentReference",), parameters, strict=True)
        )
        return [found.stored for found in page.entries if found.mode == "match"]

    def _refuse_older(self, stored: Stored, edition: Edition) -> None:
        if edition.set == self.edition.set and edition.version >= self.edition.version:
            text = (
                f"The document is version {self.edition.version}; {_address(stored)} is version {edition.version} "
                "of it, and is kept"
            )
            raise Conflict(text, "DocumentReference", code="business-rule")

    async def _supersede(self, stored: Stored) -> None:
        resource = _tree(stored)
        if resource.get("status") != "current":
            return
        await self._follow_record(resource)
        request = {"method": "PUT", "url": _address(stored), "ifMatch": f'W/"{stored.version}"'}
        self.entries.append({"resource": {**resource, "status": "superseded"}, "request": request})

    async def _follow_record(self, resource: Resource) -> None:
        """Turn a document of a record that another one replaces to that one: nothing is written about the first."""
        reference = resource.get("subject", {}).get("reference", "")
        kind, _, key = reference.partition("/")
        record = await self.session.repository.read(kind, key) if kind == "Patient" else None
        if record is not None and record.document is not None:
            repointed(resource, reference, _address(await self._standing(record)))

    def _link_parents(self, parents: list[Stored]) -> None:
        by_token = {edition_of(_tree(stored)).id: _address(stored) for stored in parents}
        for relation in self.document["resource"].get("relatesTo", ()):
            address = by_token.get(token(relation["target"].get("identifier", {})))
            if address is not None:
                relation["target"]["reference"] = address


def _issue(extension: Mapping[str, Any]) -> Issue:
    """Return one remark of the library as an issue."""
    parts = {part["url"]: _value(part) for part in extension["extension"]}
    line = f"line {parts['line']}" if "line" in parts else ""
    place = ", ".join(filter(None, (line, parts.get("xpath"))))
    code = "informational" if parts["severity"] == "information" else "value"
    return Issue(parts["severity"], code, f"{parts['message']} ({place})" if place else parts["message"])


def _value(part: Mapping[str, Any]) -> str:
    return str(next(value for name, value in part.items() if name != "url"))


def _point(tree: Any, link: str, target: str) -> None:
    """Point every reference to one thing at another."""
    if isinstance(tree, dict):
        if tree.get("reference") == link:
            tree["reference"] = target
        for value in tree.values():
            _point(value, link, target)
    elif isinstance(tree, list):
        for value in tree:
            _point(value, link, target)


def _tree(stored: Stored) -> Resource:
    tree: Resource = parse_json((stored.document or "{}").encode())
    return tree


def _address(stored: Stored) -> str:
    return f"{stored.type}/{stored.id}"
