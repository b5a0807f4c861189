"""How somebody is searched: without the place of birth first, with it when there are several, by other given names."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from usager_server.birthplaces.gazetteer import WELL_FORMED
from usager_server.identity.lexical import birth_name_problems, compared, given_name_problems
from usager_server.identity.traits import UNKNOWN_PLACE, Traits
from usager_server.national.insi.mapping import sought_of
from usager_server.national.insi.messages import NOBODY, SEVERAL, Individual, Reply, Sought
from usager_server.requirements import fulfils

MOST_GIVEN_NAMES = 8
WHOLE_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Search = Callable[[Sought], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call of a search. Shape: given_names as they were sent."""

    given_names: str
    with_place: bool
    code: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a search came to. Shape: code of the last attempt; individual when it is FOUND."""

    code: str
    individual: Individual | None
    attempts: tuple[Attempt, ...]


def problems_of(traits: Traits) -> list[str]:
    """Return what keeps INSi from being asked about somebody, in French; empty when it may be."""
    asked = {
        "le nom de naissance manque": traits.birth_name,
        "le premier prénom de naissance manque": traits.first_birth_given_name,
        "la date de naissance manque": traits.birth_date,
    }
    found = [problem for problem, value in asked.items() if not value]
    if traits.sex not in ("M", "F"):
        found.append("INSi ne connaît que les sexes masculin et féminin")
    if traits.birth_date and not WHOLE_DATE.fullmatch(traits.birth_date):
        found.append("la date de naissance n'est pas entière (AAAA-MM-JJ)")
    if traits.birth_place and not WELL_FORMED.fullmatch(traits.birth_place):
        found.append("le lieu de naissance n'est pas un code du COG")
    if traits.birth_name:
        found += [f"nom de naissance : {it}" for it in birth_name_problems(traits.birth_name)]
    if traits.first_birth_given_name:
        found += [f"premier prénom : {it}" for it in given_name_problems(traits.first_birth_given_name)]
    return found


@fulfils("SC.INS.05", "SC.INS.15", "P-INS-03", "P-INS-10")
async def retrieve(search: Search, traits: Traits) -> Outcome:
    """Search for somebody, in as few calls as it takes: at most two for each way of giving their given names.

    Order   the first given name without the place of birth. Several (02): the same with the place, silently, unless
            nobody knows it. Nobody (01): the other given names one by one, then all together. The first answer that is
            not 01 ends it.
    Errors  those of the call: a search that breaks off is no answer.
    Source  ins.md 4.4.
    """
    attempts: list[Attempt] = []
    for given_names in _ways(traits):
        reply = await _asked(search, traits, given_names, attempts)
        if reply.code != NOBODY:
            break
    return Outcome(reply.code, reply.individual, tuple(attempts))


async def _asked(search: Search, traits: Traits, given_names: str, attempts: list[Attempt]) -> Reply:
    reply = await search(sought_of(traits, (given_names,)))
    attempts.append(Attempt(given_names, with_place=False, code=reply.code))
    if reply.code == SEVERAL and traits.birth_place not in ("", UNKNOWN_PLACE):
        reply = await search(sought_of(traits, (given_names,), with_place=True))
        attempts.append(Attempt(given_names, with_place=True, code=reply.code))
    return reply


def _ways(traits: Traits) -> list[str]:
    """Return the given names to ask by, one text a call, none twice."""
    first, listed = traits.first_birth_given_name, traits.birth_given_names
    others = [it for it in listed.split()[:MOST_GIVEN_NAMES] if not given_name_problems(it)]
    together = [listed] if len(others) > 1 and not given_name_problems(listed) else []
    known: dict[str, str] = {}
    for name in [first, *others, *together]:
        known.setdefault(compared(name), name)
    return list(known.values())
