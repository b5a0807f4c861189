"""What a limited caller writes, held against their reach: before it is written as far as its own content tells.

A draft is judged by its index rows, and the persons it names by one statement. What cannot be judged so, such as a new
person whose stay is written beside them, is looked at once more before the transaction is kept.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from usager_server.access.holding import Version, holds
from usager_server.access.reach import DONE, Reach
from usager_server.errors import Forbidden
from usager_server.repository import Draft
from usager_server.repository.limited_binaries import named_in
from usager_server.repository.limited_sql import Key, held_among, known_among
from usager_server.repository.running import Runner
from usager_server.search.hashing import reference_hash
from usager_server.search.lookups import Ids, Lookup


@dataclass(slots=True)
class Doubts:
    """What is still to be seen of some writes.

    Shape   strangers: hashes of persons they name who are not within reach; loose: ids of Binaries likewise. unproven:
            what their own content does not show to be within reach, with the letter it was written under.
    """

    strangers: set[int] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)
    unproven: dict[Key, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.strangers or self.loose or self.unproven)


class Frontier:
    """The writes of one transaction, and of single calls outside one.

    Shape   may_read_binary: whether the Binary of an id may be read, as things stand.
    """

    def __init__(
        self,
        reach: Reach,
        runner: Runner,
        numbers: Mapping[str, int],
        names: Mapping[int, str],
        may_read_binary: Callable[[str], Awaitable[bool]],
    ) -> None:
        self._reach, self._runner, self._numbers, self._names = reach, runner, numbers, names
        self._may_read_binary = may_read_binary
        self._doubts = Doubts()
        self._persons_made: set[int] = set()
        self._binaries_made: set[str] = set()

    async def judged(self, drafts: Sequence[Draft], letter: str) -> Doubts:
        """Return what is doubtful about some drafts, before they are written.

        Order   before: an EpisodeOfCare or a CareTeam opens a record, a document a Binary, but not to who writes it.
        Time    a statement when the reach is that of a structure, none when it is that of one patient.
        """
        doubts = Doubts()
        for key in named_in(drafts) - self._binaries_made:
            if not await self._may_read_binary(key):
                doubts.loose.add(key)
        known: dict[Lookup | None, set[int]] = {None: set()}
        for persons, selves in self._named(drafts, letter).items():
            met = selves & self._persons_made
            known[persons] = met | await self._within(persons, selves - met)
            doubts.strangers |= selves - known[persons]
        for draft in drafts:
            within = self._reach.lookup((draft.type,), letter)
            version = Version(self._numbers[draft.type], draft.id, draft.index, is_stored=False)
            if within is not None and not holds(within, version, known[self._reach.persons(draft.type, letter)]):
                doubts.unproven[version.type, version.id] = letter
        return doubts

    def noted(self, doubts: Doubts, made: Iterable[Draft] = ()) -> None:
        """Keep doubts for the end of the transaction; made: the drafts that became new resources."""
        self._doubts.strangers |= doubts.strangers
        self._doubts.loose |= doubts.loose
        self._doubts.unproven |= doubts.unproven
        for draft in made:
            if draft.type == "Patient":
                self._persons_made.add(reference_hash(self._runner.tenant, f"Patient/{draft.id}"))
            if draft.type == "Binary":
                self._binaries_made.add(draft.id)

    def forget(self, key: Key) -> None:
        """Forget what was written and is deleted again."""
        self._doubts.unproven.pop(key, None)

    async def refuse_beyond(self) -> None:
        """Refuse what was written out of reach, or about persons who are. Errors: Forbidden (403)."""
        if self._doubts.strangers - self._persons_made:
            raise Forbidden("A person that is named here is not within reach of this token; nothing was written")
        if self._doubts.loose - self._binaries_made:
            raise Forbidden("A Binary that is named here is not within reach of this token; nothing was written")
        for letter in sorted(set(self._doubts.unproven.values())):
            keys = {key for key, noted in self._doubts.unproven.items() if noted == letter}
            for number, _ in sorted(keys - await self._held(keys, letter)):
                raise Forbidden(
                    f"This {self._names[number]} would not be within reach of the token that {DONE[letter]}s it: it "
                    "must name the patient in context or a person of one's structures, as the scope says"
                )

    def _named(self, drafts: Iterable[Draft], letter: str) -> dict[Lookup, set[int]]:
        """Return the persons that drafts name, by which persons they may name."""
        named: dict[Lookup, set[int]] = {}
        for draft in drafts:
            persons = self._reach.persons(draft.type, letter)
            if persons is not None:
                naming = self._reach.naming(draft.type)
                named.setdefault(persons, set()).update(t for p, t in draft.index.references if p in naming)
        return named

    async def _within(self, persons: Lookup, selves: set[int]) -> set[int]:
        """Return those of these Patients that are within reach."""
        if not selves:
            return set()
        if isinstance(persons, Ids):
            tenant = self._runner.tenant
            return selves & {reference_hash(tenant, f"{self._names[number]}/{key}") for number, key in persons.legs}
        text, arguments = known_among(selves, self._numbers["Patient"], persons)
        return {each["self"] for each in await self._runner.rows(text, *arguments)}

    async def _held(self, keys: set[Key], letter: str) -> set[Key]:
        within = self._reach.lookup(sorted({self._names[number] for number, _ in keys}), letter)
        if within is None:
            return keys
        text, arguments = held_among(sorted(keys), within)
        held = {(number, key) for number, key in await self._runner.rows(text, *arguments)}
        binaries = {(number, key) for number, key in keys - held if number == self._numbers["Binary"]}
        return held | {(number, key) for number, key in binaries if await self._may_read_binary(key)}
