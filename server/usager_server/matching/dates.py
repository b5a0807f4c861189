"""Birth dates side by side: the same, or one that is easily written for the other."""

from datetime import date

from usager_server.matching.finding import CONTRARY, Finding
from usager_server.search.likeness import DAYS, completed

TRAIT = "birthDate"


def compare_dates(sought: str, known: str) -> Finding | None:
    """Return what two birth dates say, None when one is missing or is no date."""
    one, other = completed(sought), completed(known)
    if one is None or other is None:
        return None
    agreement, text = _alike(sought, known, one, other)
    return Finding(TRAIT, agreement, f"date de naissance : {text}")


def _alike(sought: str, known: str, one: str, other: str) -> tuple[float, str]:
    if one == other:
        return 1.0, "identique"
    if one == f"{other[:4]}-{other[8:]}-{other[5:7]}":
        return 0.8, "jour et mois intervertis"
    if min(len(sought), len(known)) < len(one) and (known.startswith(sought) or sought.startswith(known)):
        return 0.8, "identique pour ce qui en est connu"
    if _stands_for_unknown(one, other) or _stands_for_unknown(other, one):
        return 0.75, "même année, l'une des deux complétée d'office"
    if sum(mine != its for mine, its in zip(one, other, strict=True)) == 1:
        return 0.75, "un chiffre d'écart"
    if _has_two_swapped(one, other):
        return 0.75, "deux chiffres intervertis"
    if one[5:] == other[5:] and abs(int(one[:4]) - int(other[:4])) == 100:
        return 0.75, "un siècle d'écart"
    days = abs((date.fromisoformat(one) - date.fromisoformat(other)).days)
    if days <= DAYS:
        return 0.7, "un jour d'écart" if days == 1 else f"{days} jours d'écart"
    return CONTRARY, "différente"


def _stands_for_unknown(one: str, other: str) -> bool:
    """Say whether a date is what is written when the day, the month or both are unknown, and the rest agrees."""
    year, month, day = other.split("-")
    return one in (f"{year}-{month}-01", f"{year}-01-{day}", f"{year}-12-31")


def _has_two_swapped(one: str, other: str) -> bool:
    differing = [place for place, (mine, its) in enumerate(zip(one, other, strict=True)) if mine != its]
    if len(differing) != 2:
        return False
    first, second = differing
    return second == first + 1 and (one[first], one[second]) == (other[second], other[first])
