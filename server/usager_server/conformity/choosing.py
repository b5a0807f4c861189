"""Which scenarios are asked for, by the identifiers of the requirements."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches

from usager_server.conformity.errors import ConformityError
from usager_server.conformity.scenario import Scenario
from usager_server.requirements.facts import facts


def choose(active: Sequence[Scenario], only: Collection[str], installed: Iterable[Scenario]) -> list[Scenario]:
    """Return the scenarios about these requirements, all the active ones when none is named.

    Shape   active are those of the profiles that are on, installed those of every profile.
    Errors  ConformityError on one that is unknown, that no scenario proves, or that a profile which is off brings.
    """
    if not only:
        return list(active)
    elsewhere = {code for it in installed for code in it.ids}
    proven = {code for it in active for code in it.ids}
    for code in only:
        _refuse(code, proven, elsewhere)
    return [it for it in active if set(only).intersection(it.ids)]


def _refuse(code: str, proven: Collection[str], elsewhere: Collection[str]) -> None:
    if code in proven:
        return
    if code in elsewhere:
        profiles = ", ".join(facts()[code].profiles) if code in facts() else "another profile"
        raise ConformityError(f"--only {code}: it is proven with the profile {profiles}; add it to --profiles")
    if code in facts():
        raise ConformityError(f"--only {code}: no scenario proves it yet; usager requirements says where it stands")
    close = get_close_matches(code, [*facts(), *elsewhere], n=1)
    hint = f"; did you mean {close[0]}?" if close else "; usager requirements lists them"
    raise ConformityError(f"--only {code} is not a requirement{hint}")
