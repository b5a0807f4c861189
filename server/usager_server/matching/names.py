"""Names side by side: the same, or alike as names are that were heard, copied, shortened or put in the wrong box."""

from collections.abc import Sequence
from typing import NamedTuple

from usager_server.identity.traits import Traits
from usager_server.matching.finding import CONTRARY, Finding
from usager_server.remembering import remembering
from usager_server.search.sounds import sound
from usager_server.search.words import normalise

FAMILY, GIVEN = "family", "given"
BEGINNING_LEAST = 3
"""Letters of a name that somebody typed the beginning of."""

LISTED_MOST = 20
"""Birth given names that are compared one by one: who has more is known by the first ones."""

Pair = tuple[float, str, str, str]
"""How much it says that two names are the same, what they are, and both."""


class Spelt(NamedTuple):
    """A name as it is compared: its words without case, accents and hyphens, these together, and how they sound."""

    words: tuple[str, ...]
    joined: str
    sounds: tuple[str, ...]


def compare_names(sought: Traits, known: Traits) -> list[Finding]:
    """Return what the family names and the given names say; nothing of those that one side does not have."""
    if _are_swapped(sought, known):
        text = "nom et prénom intervertis"
        return [Finding(FAMILY, 0.9, text), Finding(GIVEN, 0.9, text)]
    found = (_family(sought, known), _given(sought, known))
    return [finding for finding in found if finding is not None]


def alike(one: str, other: str) -> tuple[float, str] | None:
    """Return how alike two names are and in what, the best reason first; None when they are not."""
    mine, theirs = spelt(one), spelt(other)
    if not mine.words or not theirs.words:
        return None
    if mine.words == theirs.words:
        return (1.0, "identique") if one == other else (1.0, "identique aux accents, tirets ou apostrophes près")
    if mine.joined == theirs.joined:
        return 0.95, "identique aux espaces près"
    if is_one_slip(mine.joined, theirs.joined):
        return 0.85, "une lettre d'écart"
    if mine.sounds == theirs.sounds:
        return 0.8, "même prononciation"
    if _is_part(mine.words, theirs.words) or _is_part(theirs.words, mine.words):
        return 0.75, "une partie du nom composé"
    if min(len(mine.joined), len(theirs.joined)) >= BEGINNING_LEAST and _begin_alike(mine.joined, theirs.joined):
        return 0.7, "début identique"
    return None


@remembering(32768)
def spelt(name: str) -> Spelt:
    """Return a name as it is compared."""
    words = tuple(normalise(name).split())
    return Spelt(words, "".join(words), tuple(map(sound, words)))


def is_one_slip(one: str, other: str) -> bool:
    """Say whether one letter more, less or other, or two letters in the wrong order, make one name of the other."""
    if abs(len(one) - len(other)) > 1 or min(len(one), len(other)) < BEGINNING_LEAST:
        return False
    start = next((at for at, (mine, its) in enumerate(zip(one, other, strict=False)) if mine != its), None)
    if start is None:
        return len(one) != len(other)
    if len(one) != len(other):
        longer, shorter = (one, other) if len(one) > len(other) else (other, one)
        return longer[start + 1 :] == shorter[start:]
    swapped = one[start : start + 2] == other[start : start + 2][::-1]
    return one[start + 1 :] == other[start + 1 :] or (swapped and one[start + 2 :] == other[start + 2 :])


def _family(sought: Traits, known: Traits) -> Finding | None:
    """Compare birth name with birth name; else with the used name of either, which says a little less."""
    pairs: list[Pair] = [
        (1.0, "nom de naissance", sought.birth_name, known.birth_name),
        (0.95, "nom de naissance cherché et nom utilisé", sought.birth_name, known.used_name),
        (0.95, "nom utilisé cherché et nom de naissance", sought.used_name, known.birth_name),
        (0.95, "nom utilisé", sought.used_name, known.used_name),
    ]
    return _best(FAMILY, "nom de naissance", pairs)


def _given(sought: Traits, known: Traits) -> Finding | None:
    """Compare first given names; else any given name with one of the other's, which says less."""
    pairs: list[Pair] = [
        (1.0, "premier prénom de naissance", sought.first_birth_given_name, known.first_birth_given_name),
        (0.95, "prénom de naissance cherché et prénom utilisé", sought.first_birth_given_name, known.used_given_name),
        (0.95, "prénom utilisé cherché et prénom de naissance", sought.used_given_name, known.first_birth_given_name),
        (0.95, "prénom utilisé", sought.used_given_name, known.used_given_name),
    ]
    firsts = [name for name in (sought.first_birth_given_name, sought.used_given_name) if name]
    pairs += [(0.85, "un des prénoms de naissance", name, each) for name in firsts for each in _listed(known)]
    pairs += [
        (0.85, "un des prénoms de naissance cherchés", each, known.first_birth_given_name) for each in _listed(sought)
    ]
    return _best(GIVEN, "prénom", pairs)


def _best(trait: str, name: str, pairs: Sequence[Pair]) -> Finding | None:
    """Return the pair that says most: they come in the order of what they could say."""
    best = None
    stated = [pair for pair in pairs if pair[2] and pair[3]]
    for weight, label, one, other in stated:
        if best is not None and best.agreement >= weight:
            break
        likeness = alike(one, other)
        if likeness is not None and (best is None or weight * likeness[0] > best.agreement):
            best = Finding(trait, round(weight * likeness[0], 3), f"{label} : {likeness[1]}")
    return best or (Finding(trait, CONTRARY, f"{name} : différent") if stated else None)


def _listed(traits: Traits) -> Sequence[str]:
    return traits.birth_given_names.split(maxsplit=LISTED_MOST)[:LISTED_MOST]


def _are_swapped(sought: Traits, known: Traits) -> bool:
    """Say whether each one's family name is the other's first given name."""
    family = spelt(sought.birth_name or sought.used_name).words
    given = spelt(sought.first_birth_given_name or sought.used_given_name).words
    if not family or not given or family == given:
        return False
    families = (known.birth_name, known.used_name)
    givens = (known.first_birth_given_name, known.used_given_name)
    return given in [spelt(each).words for each in families] and family in [spelt(each).words for each in givens]


def _is_part(part: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    return len(part) < len(whole) and set(part) <= set(whole)


def _begin_alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
