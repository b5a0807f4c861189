"""INSEE's yearly archive (cog_ensemble_<year>_csv.zip, or its files in a folder) -> an edition.

Columns are found by their names: INSEE adds some from one year to the next.
Source  INSEE, Code officiel géographique: "Téléchargement" and the lists of modalities of each file.
"""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from usager_server.birthplaces.edition import (
    COMMUNE,
    COUNTRY,
    DISTRICT,
    KEPT_APART,
    MERGED,
    MOVED,
    OVERSEAS,
    RENAMED,
    SPLIT,
    Edition,
    EditionError,
    Event,
    Period,
    joined,
)
from usager_server.requirements import fulfils

LARGEST_FILE_BYTES = 50 * 1024 * 1024
MOST_FILES = 200
FIRST_DAY = "1943-01-01"
"""INSEE's first day: then, or before."""

SOURCE = "INSEE, Code officiel géographique, Licence Ouverte"

HISTORY = re.compile(r"v_commune_depuis_1943\.csv")
CURRENT = re.compile(r"v_commune_(\d{4})\.csv")
MOVES = re.compile(r"v_mvt_?commune_(\d{4})\.csv")
COUNTRIES = re.compile(r"v_pays_et_territoire_depuis_1943\.csv")
COUNTRIES_NOW = re.compile(r"v_pays_territoire_(\d{4})\.csv")
OVERSEAS_NOW = re.compile(r"v_commune_comer_(\d{4})\.csv")
OVERSEAS_HISTORY = re.compile(r"v_commune_outremer_depuis_1943\.csv")

WHAT = {
    "10": RENAMED,
    "20": SPLIT,
    "21": SPLIT,
    "30": MERGED,
    "31": MERGED,
    "32": MERGED,
    "33": MERGED,
    "34": MERGED,
    "35": MERGED,
    "41": MOVED,
    "50": MOVED,
    "70": KEPT_APART,
}
"""MOD, the kind of an event, in our words."""

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Files:
    """The CSV files that were given, by the pattern of their name."""

    texts: Mapping[str, bytes]

    def rows(self, pattern: re.Pattern[str], *needed: str) -> Iterator[Row]:
        """Yield the rows of a file; none when it was not given. Errors: EditionError when a column lacks."""
        name = self.name(pattern)
        if name is None:
            return
        try:
            text = self.texts[name].decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise EditionError(f"{name} is not in UTF-8") from error
        delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
        reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        missing = [column for column in needed if column not in (reader.fieldnames or ())]
        if missing:
            raise EditionError(f"{name} has no column {', '.join(missing)}")
        yield from reader

    def name(self, pattern: re.Pattern[str]) -> str | None:
        """Return the name of the file of a pattern, the latest when there are several."""
        return max((name for name in self.texts if pattern.fullmatch(name)), default=None)


@fulfils("SC.INS.01")
def edition_of(path: Path) -> Edition:
    """Return the edition of an archive or of a folder.

    Errors  EditionError when it cannot be read or the history of communes, the moves or the countries are not in it.
    """
    files = Files(dict(_given(path)))
    for pattern, what in ((HISTORY, "v_commune_depuis_1943.csv"), (MOVES, "v_mvt_commune_<year>.csv")):
        if files.name(pattern) is None:
            raise EditionError(f"{path.name} holds no {what}: it is not INSEE's whole archive of the COG")
    if files.name(COUNTRIES) is None and files.name(COUNTRIES_NOW) is None:
        raise EditionError(
            f"{path.name} holds no v_pays_territoire_<year>.csv: it is not INSEE's whole archive of the COG"
        )
    periods, _ = joined((*_communes(files), *_districts(files), *_overseas(files), *_countries(files)))
    year = MOVES.sub(r"\1", files.name(MOVES) or "")
    return Edition(year, f"{SOURCE}, {year}", periods, sorted(set(_events(files, periods))))


def _given(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for each in sorted(path.glob("*.csv"))[:MOST_FILES]:
            if each.stat().st_size > LARGEST_FILE_BYTES:
                raise EditionError(f"{each.name} has over {LARGEST_FILE_BYTES} bytes")
            yield each.name, each.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > MOST_FILES:
                raise EditionError(f"{path.name} holds over {MOST_FILES} files")
            for member in archive.infolist():
                if member.filename.endswith(".csv"):
                    yield Path(member.filename).name, _unpacked(archive, member)
    except (OSError, zipfile.BadZipFile) as error:
        raise EditionError(f"{path.name} cannot be read: {error}") from error


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    with archive.open(member) as file:
        content = file.read(LARGEST_FILE_BYTES + 1)
    if len(content) > LARGEST_FILE_BYTES:
        raise EditionError(f"{member.filename[:80]} has over {LARGEST_FILE_BYTES} bytes")
    return content


def _communes(files: Files) -> Iterator[Period]:
    for row in files.rows(HISTORY, "TYPECOM", "COM", "LIBELLE", "DATE_DEBUT", "DATE_FIN"):
        yield Period(row["COM"], row["TYPECOM"], row["LIBELLE"], _start(row["DATE_DEBUT"]), row["DATE_FIN"] or "")


def _districts(files: Files) -> Iterator[Period]:
    """Yield the municipal districts when the history leaves them out."""
    known = {row["COM"] for row in files.rows(HISTORY) if row["TYPECOM"] == DISTRICT}
    for row in files.rows(CURRENT, "TYPECOM", "COM", "LIBELLE", "COMPARENT"):
        if row["TYPECOM"] == DISTRICT and row["COM"] not in known:
            yield Period(row["COM"], DISTRICT, row["LIBELLE"], parent=row["COMPARENT"])


def _overseas(files: Files) -> Iterator[Period]:
    known = set()
    for row in files.rows(OVERSEAS_HISTORY):
        code = row.get("COM_COMER") or row.get("COM") or ""
        if code and row.get("LIBELLE"):
            known.add(code)
            yield Period(code, OVERSEAS, row["LIBELLE"], _start(row.get("DATE_DEBUT", "")), row.get("DATE_FIN") or "")
    for row in files.rows(OVERSEAS_NOW, "COM_COMER", "LIBELLE", "COMER"):
        if row["COM_COMER"] not in known:
            yield Period(row["COM_COMER"], OVERSEAS, row["LIBELLE"], parent=row["COMER"])


def _countries(files: Files) -> Iterator[Period]:
    if files.name(COUNTRIES) is None:
        for row in files.rows(COUNTRIES_NOW, "COG", "LIBCOG"):
            yield Period(row["COG"], COUNTRY, row["LIBCOG"], parent=row.get("CRPAY") or "")
        return
    for row in files.rows(COUNTRIES, "COG", "LIBCOG", "DATE_DEBUT", "DATE_FIN"):
        start, end = _start(row["DATE_DEBUT"]), row["DATE_FIN"] or ""
        yield Period(row["COG"], COUNTRY, row["LIBCOG"], start, end, parent=row.get("CRPAY") or "")


def _start(day: str) -> str:
    return "" if day == FIRST_DAY else day


def _events(files: Files, periods: Iterable[Period]) -> Iterator[Event]:
    before: dict[tuple[str, str, str], int] = {}
    after: dict[tuple[str, str, str], int] = {}
    open_ended: dict[tuple[str, str], int] = {}
    for number, period in enumerate(periods):
        before[period.code, period.kind, period.end] = number
        after[period.code, period.kind, period.start] = number
        if not period.end:
            open_ended[period.code, period.kind] = number
    columns = ("MOD", "DATE_EFF", "TYPECOM_AV", "COM_AV", "TYPECOM_AP", "COM_AP")
    for row in files.rows(MOVES, *columns):
        day = row["DATE_EFF"]
        old = before.get((row["COM_AV"], row["TYPECOM_AV"], day))
        new = after.get((row["COM_AP"], row["TYPECOM_AP"], day))
        new = open_ended.get((row["COM_AP"], row["TYPECOM_AP"])) if new is None else new
        if old is not None and new is not None and old != new:
            what = WHAT.get(row["MOD"], MERGED)
            is_part = row["TYPECOM_AP"] not in (COMMUNE, DISTRICT)
            yield Event(day, KEPT_APART if is_part and what == MERGED else what, old, new)
