"""Who is present at a structure in a period, as lookups, and by which tokens their identities are known."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from usager_server.access.grant import Grant
from usager_server.access.people import within_rights
from usager_server.identity import words
from usager_server.identity.evidence import Attribute
from usager_server.identity.matricule import INVENTED, OID_URN
from usager_server.identity.status import CODES, Status
from usager_server.indicators.indicator import Asked
from usager_server.interactions.session import Session
from usager_server.national.insi.verifying.words import SYSTEM, Outcome
from usager_server.repository.identity_counts import Mark, Persons, Window
from usager_server.search.conditions import parse_condition
from usager_server.search.dates import CLASSES
from usager_server.search.hashing import parameter_hash, token_hash
from usager_server.search.lookups import AllOf, Having, Lookup, OfTypes, Pointed, Without
from usager_server.search.meaning import Meaning
from usager_server.traces.record import row_at

BITS: Mapping[Status | Attribute, int] = {each: 1 << rank for rank, each in enumerate([*Status, *Attribute])}
OUTCOMES: Mapping[Outcome, int] = {each: 1 << rank for rank, each in enumerate(Outcome)}
PRESENT = "active,onhold,finished"
UNDER_WAY = "active,onhold"
TEST_DATA = "http://terminology.hl7.org/CodeSystem/v3-ActReason|HTEST"
EPISODE = "EpisodeOfCare"
STATUS, SINCE, ATTRIBUTE = "identity-status", "identity-since", "identity-attribute"


class Reader:
    """Reads what is asked for one session into lookups, windows and tokens."""

    def __init__(self, session: Session, asked: Asked) -> None:
        self._session, self._asked = session, asked
        self._registry, self._tenant = session.house.registry, session.caller.tenant
        self._meaning = Meaning(self._registry, self._tenant, 0)
        self._numbers = session.house.definitions.type_numbers

    def persons(self) -> Persons:
        """Return who is present.

        Shape   present: with an EpisodeOfCare of the structure that touches the period; without period, one that is
                under way. Somebody without any there is present as long as the structure manages the Patient. Inactive
                Patients are not, nor test identities unless they are asked for.
        """
        managed = self._condition(EPISODE, "organization") if self._asked.organization else None
        anything = OfTypes(((self._numbers[EPISODE],),))
        real = self._lookup(EPISODE, "status:not", "entered-in-error")
        followed = AllOf((managed or anything, real))
        pointing = tuple(self._meaning.reference_parameters(EPISODE, "patient"))
        patient = self._numbers["Patient"]
        belonging: Lookup = Having("reference", ((patient, parameter_hash("Patient", "organization")),))
        if self._asked.organization:
            belonging = self._condition("Patient", "organization")
        elsewhere = Without(Pointed((patient,), self._numbers[EPISODE], pointing, followed))
        status = self._lookup(EPISODE, "status", PRESENT)
        return Persons(
            patient,
            AllOf((managed, status)) if managed else status,
            self._lookup(EPISODE, "status", UNDER_WAY),
            AllOf((belonging, elsewhere)),
            self._left_out(),
            None if self._session.reach is None else self._session.reach.lookup(("Patient",), "s"),
            pointing,
            [parameter_hash(EPISODE, f"date{suffix}") for suffix, _ in CLASSES],
            parameter_hash("Patient", SINCE),
            self._marks(),
        )

    def window(self) -> Window:
        """Return the period, in numbers."""
        active = self._asked.end - timedelta(days=self._asked.active_days)
        start, end, lately = (_microseconds(each) for each in (self._asked.start, self._asked.end, active))
        rows = row_at(start), row_at(end)
        return Window(start, end, rows, (row_at(lately), rows[1]), BITS[Status.qualifiee])

    def theirs(self) -> Lookup | None:
        """Return the Patients of the structure, whenever they were there."""
        if self._asked.organization is None:
            return None
        return within_rights(self._meaning, Grant(structures=frozenset([self._asked.organization])))

    def tasks(self) -> tuple[Lookup, Sequence[Mark]]:
        """Return the open Tasks of the verification, and the tokens of what they are about."""
        code = self._lookup("Task", "code", f"{SYSTEM}|verification")
        is_open = self._lookup("Task", "status", "requested,received,accepted,ready,in-progress,on-hold")
        marks = [self._mark("Task", "business-status", SYSTEM, str(each), OUTCOMES[each]) for each in Outcome]
        return AllOf((code, is_open)), marks

    def _left_out(self) -> Sequence[Lookup]:
        inactive = self._lookup("Patient", "active", "false")
        if self._asked.with_tests:
            return [inactive]
        systems = ",".join(f"{OID_URN}{oid}|" for oid in INVENTED)
        tests = (("identifier", systems), ("_security", TEST_DATA))
        return [inactive, *(self._lookup("Patient", name, value) for name, value in tests)]

    def _marks(self) -> Sequence[Mark]:
        marks = [self._mark("Patient", STATUS, "", CODES[each], BITS[each]) for each in Status]
        for system in (words.STATUS_COMMENTS, words.STATUSES_2_1):
            marks += [self._mark("Patient", ATTRIBUTE, system, str(each), BITS[each]) for each in Attribute]
        return marks

    def _mark(self, kind: str, name: str, system: str, code: str, bit: int) -> Mark:
        """Return the token of a code, which the index holds without its case."""
        return (*token_hash(self._tenant, kind, name, system, code.casefold()), bit)

    def _condition(self, kind: str, name: str) -> Lookup:
        return self._lookup(kind, name, f"Organization/{self._asked.organization}")

    def _lookup(self, kind: str, name: str, value: str) -> Lookup:
        return self._meaning.lookup(parse_condition(self._registry, (kind,), name, value), (kind,))


def _microseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000
