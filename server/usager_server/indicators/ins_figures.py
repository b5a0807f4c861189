"""The figures of the dashboard of identities: what the store counted, put under their names."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from usager_server.identity.evidence import Attribute
from usager_server.identity.status import CODES, Status
from usager_server.indicators.indicator import Asked, Code, Figure, Stratum
from usager_server.indicators.ins_persons import BITS, OUTCOMES, Reader
from usager_server.interactions.session import Session
from usager_server.national.insi.verifying.store import State
from usager_server.repository.identity_counts import count_calls, count_identities, count_tasks

STATUSES: Mapping[Status, Code] = {each: (CODES[each], f"identité {each}") for each in Status}
NO_STATUS: Code = ("NONE", "sans statut écrit (provisoire), ou pas encore réindexée")
ATTRIBUTES: Mapping[Attribute, Code] = {each: (str(each), f"identité {each.name}") for each in Attribute}
KINDS: Mapping[str, Code] = {
    "rechercherInsAvecTraitsIdentite": ("traits", "récupération par les traits"),
    "rechercherInsAvecCarteVitale": ("carte", "récupération par la carte Vitale"),
    "verifierInsAvecTraitsIdentite": ("verification-unitaire", "vérification unitaire"),
    "deposerLotVerification": ("verification-lot", "vérification par lot"),
    "recupererLotVerification": ("verification-lot", "vérification par lot"),
}
OTHER: Code = ("autre", "autre appel")
FOUND, PENDING, ERROR = "00", "10", "erreur"
MEANINGS = {"00": "trouvé ou confirmé", "01": "non trouvé ou non confirmé", "02": "plusieurs", PENDING: "en attente"}
DELAYS: Sequence[tuple[int, Code]] = (
    (0, ("J0", "le jour de l'admission ou avant")),
    (7, ("J7", "1 à 7 jours")),
    (30, ("J30", "8 à 30 jours")),
    (90, ("J90", "31 à 90 jours")),
)
LONGER: Code = ("J91", "plus de 90 jours")
VERIFICATIONS: Mapping[str, str] = {
    "echue": "à vérifier : l'échéance est passée",
    "en-cours": "en cours de vérification",
    "sans-reponse": "sans réponse d'INSi, ou INSi ne peut pas être interrogé",
    "differs": "tâche ouverte : INSi donne d'autres traits",
    "dropped": "tâche ouverte : INSi ne connaît plus l'identité",
    "unanswered": "tâche ouverte : vérification sans réponse",
    "unaskable": "tâche ouverte : INSi ne peut pas être interrogé",
}
UNDER_WAY = (State.asked, State.in_lot, State.to_search)


async def evaluate(session: Session, asked: Asked) -> Sequence[Figure]:
    """Return the figures.

    Shape   statuses and verifications are those of now, of the persons present in the period. Where no trace is kept
            there is neither INS_QUALIFIEES nor INS_APPELS: nobody knows.
    Time    three statements, whatever the number of persons.
    Source  indicators.md 2.
    """
    reader = Reader(session, asked)
    runner, persons, window = session.repository.runner, reader.persons(), reader.window()
    people = await count_identities(runner, persons, window)
    open_tasks = await count_tasks(runner, persons, window, *reader.tasks())
    figures = [_statuses(people), _later(people), _delays(people), _to_verify(people, open_tasks)]
    if not session.house.settings.keeps_traces:
        return figures
    calls = await count_calls(runner, persons, window, asked.organization, reader.theirs())
    return [figures[0], _qualified(people), figures[1], _calls(calls), *figures[2:]]


def _statuses(people: Sequence[Any]) -> Figure:
    by_status = {STATUSES[each]: _number(row for row in people if row["marks"] & BITS[each]) for each in Status}
    by_status[NO_STATUS] = _number(row for row in people if not row["marks"] & sum(BITS[each] for each in Status))
    ticked = {ATTRIBUTES[each]: _number(row for row in people if row["marks"] & BITS[each]) for each in Attribute}
    strata = {"statut": _counted(by_status), "attribut": _counted(ticked)}
    return Figure("INS_STATUTS", _number(people), strata=strata)


def _qualified(people: Sequence[Any]) -> Figure:
    active = [row for row in people if row["is_active"]]
    qualified = _number(row for row in active if row["marks"] & BITS[Status.qualifiee])
    return Figure("INS_QUALIFIEES", _number(active), qualified)


def _later(people: Sequence[Any]) -> Figure:
    return Figure("INS_POSTERIEURS", _number(row for row in people if row["is_later"]))


def _delays(people: Sequence[Any]) -> Figure:
    days: Counter[int] = Counter()
    for row in people:
        if row["delay"] is not None:
            days[row["delay"]] += row["number"]
    classes = dict.fromkeys([*(code for _, code in DELAYS), LONGER], 0)
    for delay, number in days.items():
        classes[next((code for most, code in DELAYS if delay <= most), LONGER)] += number
    return Figure("INS_AGE", days.total(), score=_median(days), unit="d", strata={"delai": _counted(classes)})


def _median(numbers: Counter[int]) -> float | None:
    """Return the value that half are at or below; of an even number, the mean of the two in the middle."""
    values = sorted(numbers.elements())
    middle = len(values) // 2
    if not values:
        return None
    return float(values[middle]) if len(values) % 2 else (values[middle - 1] + values[middle]) / 2


def _to_verify(people: Sequence[Any], open_tasks: Sequence[Any]) -> Figure:
    numbers = dict.fromkeys(VERIFICATIONS, 0)
    numbers["echue"] = _number(row for row in people if row["watch"] == State.waiting and row["is_due"])
    numbers["en-cours"] = _number(row for row in people if row["watch"] in UNDER_WAY)
    numbers["sans-reponse"] = _number(row for row in people if row["watch"] == State.unanswered)
    total = numbers["echue"] + numbers["en-cours"] + numbers["sans-reponse"]
    for row in open_tasks:
        for outcome, bit in OUTCOMES.items():
            numbers[outcome] += row["number"] if row["outcome"] & bit else 0
    found = {(key, VERIFICATIONS[key]): number for key, number in numbers.items()}
    return Figure("INS_A_VERIFIER", total, strata={"verification": _counted(found)})


def _calls(calls: Sequence[Any]) -> Figure:
    by_code: Counter[tuple[Code, Code]] = Counter()
    for row in calls:
        by_code[KINDS.get(row["operation"], OTHER), _meaning(row["code"] or "")] += row["number"]
    answered: Counter[Code] = Counter()
    succeeded: Counter[Code] = Counter()
    for (kind, code), number in by_code.items():
        answered[kind] += number if code[0] != PENDING else 0
        succeeded[kind] += number if code[0] == FOUND else 0
    kinds = [Stratum((kind,), succeeded[kind], answered[kind]) for kind in sorted(answered)]
    codes = [Stratum(values, number) for values, number in sorted(by_code.items())]
    strata = {"nature": kinds, "nature-code": codes}
    return Figure("INS_APPELS", answered.total(), succeeded.total(), persons=False, strata=strata)


def _meaning(code: str) -> Code:
    if len(code) != 2 or not code.isdigit():
        return ERROR, "sans réponse, refus ou faute"
    return code, MEANINGS.get(code, f"code {code}")


def _counted(numbers: Mapping[Code, int]) -> list[Stratum]:
    return [Stratum((code,), number) for code, number in numbers.items()]


def _number(rows: Iterable[Any]) -> int:
    return sum(row["number"] for row in rows)
