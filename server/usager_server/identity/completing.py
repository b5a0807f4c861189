"""A date of birth that is known in part, on its way in: completed as the rule says, and marked as estimated."""

from collections.abc import Mapping
from typing import Any

from usager_server.errors import Issue
from usager_server.identity import words
from usager_server.identity.birth_dates import RULE, completed
from usager_server.identity.parts import Tree, value_of, with_extension
from usager_server.requirements import fulfils

PLACE = "Patient.birthDate"
NOTHING_KNOWN = "0000"
UNKNOWN = ("unknown", "asked-unknown")
WHOLE = len("YYYY-MM-DD")
DONE = f"La date de naissance, connue en partie, est complétée et marquée comme estimée : {RULE}"
CONTRADICTED = "birthDate ne dit pas la même chose que ce qui en est connu (birth-date-known) : l'omettre"
UNREADABLE = (
    "Ce qui est connu de la date de naissance (birth-date-known) s'écrit AAAA-MM-JJ, 00 pour ce qui ne l'est pas"
)


@fulfils("INS/va1.21")
def with_whole_birth_date(patient: Tree) -> tuple[Tree, list[Issue]]:
    """Return a Patient whose date of birth is whole, and what its writer is told: that it was completed, or is wrong.

    Shape   in part: birthDate is a year or a month; the extension birth-date-known is 1942-00-15, of which FHIR has no
            date; data-absent-reason, in the place of birthDate, says that nobody knows it. Any other is as it was.
    Source  RNIV EXI PP 19; ins.md 1.3.
    """
    held, given = patient.get("_birthDate"), patient.get("birthDate", "")
    if held is None and len(given) in (0, WHOLE):
        return patient, []
    said = value_of(held, words.KNOWN, "valueString")
    known = _absent(held) if said is None and not given else said or given
    if not known or (said is None and len(given) == WHOLE):
        return patient, []
    try:
        whole, is_estimated = completed(known)
    except ValueError:
        return patient, [Issue("error", "business-rule", UNREADABLE, PLACE)]
    if given != whole and not known.startswith(given):
        return patient, [Issue("error", "business-rule", CONTRADICTED, PLACE)]
    return _with_date(patient, whole, is_estimated), [Issue("information", "informational", DONE, PLACE)]


def _absent(held: Mapping[str, Any] | None) -> str:
    return NOTHING_KNOWN if value_of(held, words.ABSENT, "valueCode") in UNKNOWN else ""


def _with_date(patient: Tree, whole: str, is_estimated: bool) -> Tree:
    held = with_extension(with_extension(patient.get("_birthDate"), words.KNOWN, None), words.ABSENT, None)
    held = with_extension(held, words.ESTIMATED, {"valueBoolean": True} if is_estimated else None)
    others = {name: value for name, value in patient.items() if name not in ("birthDate", "_birthDate")}
    return others | {"birthDate": whole} | ({"_birthDate": held} if held else {})
