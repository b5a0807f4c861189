"""How far a grant reaches among the resources of a tenant: for each type and letter, a lookup that the SQL holds.

A scope only narrows. It reaches what its context opens (a patient: their own record; a user: what the rights of the
person open; a system: the tenant), narrowed by its parameters; several scopes of a type add up. Where a person works
behind patient/ scopes, the record is open as far as their own rights go: an application adds none.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from usager_server.access.grant import Grant
from usager_server.access.kinds import DEFINITIONS, SHARED, members
from usager_server.access.narrowing import narrowed
from usager_server.access.people import within_rights
from usager_server.access.roles import ceiling
from usager_server.access.scopes import Scope
from usager_server.errors import Forbidden
from usager_server.search.hashing import parameter_hash, reference_hash
from usager_server.search.lookups import NOTHING, AllOf, AnyOf, Chained, Ids, Lookup, OfTypes, References
from usager_server.search.meaning import Meaning
from usager_server.search.parameters import SearchRegistry

DONE = {"c": "create", "r": "read", "u": "change", "d": "delete", "s": "search"}
REMEMBERED = 500

Kept = TypeVar("Kept")

Conditions = tuple[Lookup, ...]
"""All of them hold for what a scope reaches of a type; none: it reaches every resource of the type."""


class Reach:
    """The reach of one grant in one tenant."""

    def __init__(self, registry: SearchRegistry, tenant: int, grant: Grant) -> None:
        self.grant = grant
        self._registry = registry
        self._meaning = Meaning(registry, tenant, 0)
        self._compartment = registry.definitions.compartments["Patient"]
        self._numbers = registry.definitions.type_numbers
        self._people = within_rights(self._meaning, grant)
        self._known: dict[tuple[Scope, str, str], Conditions | None] = {}
        self._permitted: dict[tuple[str, str], bool] = {}
        self._kept: dict[str, Any] = {}
        self._lookups: OrderedDict[tuple[tuple[str, ...], str], Lookup | None] = OrderedDict()

    def permits(self, resource_type: str, letter: str) -> bool:
        """Say whether some resource of the type may be within reach for a letter."""
        if resource_type not in self._numbers:
            return False
        key = (resource_type, letter)
        if key not in self._permitted:
            found = (self._conditions(scope, resource_type, letter) for scope in self._scopes)
            self._permitted[key] = any(each is not None for each in found)
        return self._permitted[key]

    def permits_beyond(self, resource_type: str, letter: str) -> bool:
        """Say whether a letter is permitted for more than the record of the patient in context."""
        return any(
            scope.context != "patient" and self._conditions(scope, resource_type, letter) is not None
            for scope in self._scopes
        )

    def require(self, resource_type: str, letters: str) -> None:
        """Refuse a type that is out of reach altogether. Errors: Forbidden (403), naming type and letter."""
        for letter in letters:
            if not self.permits(resource_type, letter):
                raise Forbidden(
                    f"No scope of this token lets it {DONE[letter]} {resource_type}: {resource_type}.{letter} is needed"
                )

    def every(self, letter: str) -> Sequence[str]:
        """Return the types that an interaction on the whole system is about. Errors: Forbidden (403) without `*`.

        Shape   with patient/ scopes only what is in a record: what is shared has to be named.
        """
        wide = [scope for scope in self._scopes if scope.covers("*", letter) and scope.type == "*"]
        if not wide:
            raise Forbidden(f"This is about every type: a scope for * is needed, such as user/*.{letter}; or use _type")
        types = sorted(self._numbers if all(scope.context != "patient" for scope in wide) else self._about_people())
        return [name for name in types if self.permits(name, letter)]

    def holds_all(self, types: Iterable[str], letters: str) -> bool:
        """Say whether every resource of these types is within reach for each of the letters."""
        return all(self.lookup((name,), letter) is None for name in types for letter in letters)

    def lookup(self, types: Sequence[str], letter: str) -> Lookup | None:
        """Return what is within reach of these types: None for all of it, what finds nothing when none is."""
        key = (tuple(types), letter)
        if key not in self._lookups:
            if len(self._lookups) >= REMEMBERED:
                self._lookups.popitem(last=False)
            self._lookups[key] = self._union(key[0], letter)
        return self._lookups[key]

    def kept(self, name: str, make: Callable[[], Kept]) -> Kept:
        """Return what was made of this reach under a name: made once, for what is the same at each request."""
        if name not in self._kept:
            self._kept[name] = make()
        found: Kept = self._kept[name]
        return found

    def persons(self, resource_type: str, letter: str) -> Lookup | None:
        """Return the Patients that a resource of this type may name when it is written, None when all of them."""
        found: dict[Lookup, None] = {}
        for scope in self._scopes:
            if self._conditions(scope, resource_type, letter) is None:
                continue
            if scope.context == "patient" and self.grant.patient is not None:
                found[self._in_context(self.grant.patient)] = None
            elif scope.context == "user" and self._people is not None:
                found[self._people] = None
            else:
                return None
        return AnyOf(tuple(found)) if len(found) != 1 else next(iter(found))

    @property
    def rights(self) -> Lookup | None:
        """The Patients whose records the person may open, None when all of them; scopes aside."""
        return self._people

    def naming(self, resource_type: str) -> frozenset[int]:
        """Return the hashes of the parameters that put a resource of this type in the record of a person."""
        return frozenset(parameter for _, parameter in self._member_legs(resource_type))

    @property
    def _scopes(self) -> Sequence[Scope]:
        return self.grant.scopes or ()

    def _about_people(self) -> Iterable[str]:
        return [name for name in self._numbers if name == "Patient" or members(name, self._compartment)]

    def _union(self, types: tuple[str, ...], letter: str) -> Lookup | None:
        whole = [name for name in types if any(self._conditions(one, name, letter) == () for one in self._scopes)]
        if len(whole) == len(types):
            return None
        found: dict[Lookup, None] = {OfTypes(tuple((self._numbers[name],) for name in whole)): None} if whole else {}
        narrow = [name for name in types if name not in whole]
        for scope in self._scopes:
            found.update(dict.fromkeys(self._of_scope(scope, narrow, letter, alone=len(types) == 1)))
        merged = _merged(list(found))
        return NOTHING if not merged else merged[0] if len(merged) == 1 else AnyOf(tuple(merged))

    def _of_scope(self, scope: Scope, types: Sequence[str], letter: str, *, alone: bool) -> Iterable[Lookup]:
        for name in types:
            conditions = self._conditions(scope, name, letter)
            if not conditions:
                continue
            typed = conditions if alone or not scope.parameters else (*conditions, OfTypes(((self._numbers[name],),)))
            yield typed[0] if len(typed) == 1 else AllOf(typed)

    def _conditions(self, scope: Scope, resource_type: str, letter: str) -> Conditions | None:
        """Return what holds for all that a scope reaches of a type, None when that is nothing."""
        if not scope.covers(resource_type, letter) or resource_type not in self._numbers:
            return None
        key = (scope, resource_type, letter)
        if key not in self._known:
            opened = self._opened(scope, resource_type, letter)
            asked = narrowed(self._meaning, scope, resource_type)
            self._known[key] = None if opened is None or asked is None else (*opened, *asked)
        return self._known[key]

    def _opened(self, scope: Scope, resource_type: str, letter: str) -> Conditions | None:
        """Return what the context of a scope opens of a type.

        Shape   a Binary is found by no search: it follows what it belongs to (`repository/limited_binaries.py`).
        """
        if scope.context == "system":
            return ()
        if letter not in ceiling(self.grant.roles, resource_type):
            return None
        if scope.context == "patient":
            return self._of_patient(resource_type, letter)
        if self._people is None or resource_type in SHARED:
            return ()
        if resource_type == "Binary":
            return (NOTHING,)
        if resource_type == "Patient":
            return (self._people,)
        legs = self._member_legs(resource_type)
        return (Chained(legs, (self._numbers["Patient"],), self._people),) if legs else None

    def _of_patient(self, resource_type: str, letter: str) -> Conditions | None:
        """Return what is open to the patient in context: their record, and to look at what is shared."""
        if self.grant.patient is None:
            return None
        if resource_type == "Binary":
            return (NOTHING,)
        if resource_type in SHARED:
            return () if letter == "r" or (letter == "s" and resource_type in DEFINITIONS) else None
        if resource_type == "Patient":
            # Who one is, is not one's own to make or to take away.
            return (self._in_context(self.grant.patient),) if letter in "rus" else None
        legs = self._member_legs(resource_type)
        if not legs:
            return None
        target = reference_hash(self._meaning.tenant, f"Patient/{self.grant.patient}")
        theirs = References(tuple((*leg, target) for leg in legs))
        if self._people is None:
            return (theirs,)
        return theirs, Chained(legs, (self._numbers["Patient"],), self._people)

    def _in_context(self, patient: str) -> Lookup:
        """Return the Patient in context, who is nobody when the rights of the person do not open them."""
        one = Ids(((self._numbers["Patient"], patient),))
        return one if self._people is None else AllOf((one, self._people))

    def _member_legs(self, resource_type: str) -> tuple[tuple[int, int], ...]:
        found = [self._registry.parameter(resource_type, one) for one in members(resource_type, self._compartment)]
        spelled = dict.fromkeys(name for parameter in found if parameter for name in parameter.answered_by)
        return tuple((self._numbers[resource_type], parameter_hash(resource_type, name)) for name in spelled)


class Reaches:
    """The reaches lately needed: one is made of a few hundred hashes, and a client asks many times."""

    def __init__(self, registry: SearchRegistry) -> None:
        self._registry = registry
        self._known: OrderedDict[tuple[int, str], Reach] = OrderedDict()

    def of(self, tenant: int, grant: Grant) -> Reach | None:
        """Return the reach of a grant, None when it is not limited."""
        if grant.is_everything:
            return None
        key = (tenant, grant.fingerprint)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Reach(self._registry, tenant, grant)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found


def _merged(lookups: Sequence[Lookup]) -> list[Lookup]:
    """Return alternatives with those of one kind made one: a record is a condition, not one for each of its types."""
    merged: list[Lookup] = []
    references = dict.fromkeys(leg for one in lookups if isinstance(one, References) for leg in one.legs)
    if references:
        merged.append(References(tuple(references)))
    chained: dict[Lookup, dict[tuple[int, int], None]] = {}
    targets: dict[Lookup, tuple[int, ...]] = {}
    for one in lookups:
        if isinstance(one, Chained):
            chained.setdefault(one.inner, {}).update(dict.fromkeys(one.legs))
            targets[one.inner] = one.targets
    merged += [Chained(tuple(legs), targets[inner], inner) for inner, legs in chained.items()]
    return merged + [one for one in lookups if not isinstance(one, References | Chained)]
