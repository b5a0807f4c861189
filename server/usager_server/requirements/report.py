"""Where the requirements stand, as a table for people, JSON and CSV for tools, and the page docs/conformance.md."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson

from usager_server.requirements.facts import SOURCE, names
from usager_server.requirements.standing import Standing

COLUMNS = ("id", "status", "title", "chapter", "function", "profiles", "obligation", "wave", "kind", "because", "where")
IN_FRENCH = {"done": "satisfaite", "todo": "à faire", "exempt": "dispensée", "retired": "retirée"}
OWN = "Exigences propres aux modules"
PAGE = f"""# Conformité

Où en est chaque exigence en vigueur du référencement ({SOURCE}). Page produite par `make conformance` à partir des
registres `requirements.toml` ; un test compare les deux. Les intitulés sont les nôtres. « (2 sur 5) » : le texte du
référentiel est commun à cinq identifiants. *Satisfaite* : le code, un test et un scénario la démontrent. *Dispensée* :
aucun logiciel ne peut la satisfaire ; la raison est donnée.

"""


def as_record(it: Standing) -> dict[str, Any]:
    """Return one requirement as plain values; `because`, `where` and `ships` only where they say something."""
    record = {
        "id": it.fact.id,
        "status": it.line.status,
        "title": it.line.title,
        "chapter": it.fact.chapter,
        "function": it.fact.function,
        "profiles": list(it.fact.profiles),
        "obligation": it.fact.obligation,
        "wave": it.fact.wave,
        "kind": it.fact.kind,
    }
    told = {"because": it.line.because, "where": it.line.where, "ships": list(it.line.ships)}
    return record | {name: value for name, value in told.items() if value}


def json_text(every: Iterable[Standing]) -> str:
    """Return the requirements as a JSON array."""
    return orjson.dumps([as_record(it) for it in every], option=orjson.OPT_INDENT_2).decode() + "\n"


def csv_text(every: Iterable[Standing]) -> str:
    """Return the requirements as CSV with a header; profiles are separated by spaces."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore", restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({**record, "profiles": " ".join(record["profiles"])} for record in map(as_record, every))
    return file.getvalue()


def table_text(every: Sequence[Standing]) -> str:
    """Return the requirements as lines for a person, under their chapters and functions."""
    parts = [
        "\n".join([title, *(f"  {it.line.status:<8}{it.fact.id:<22}{it.line.title}" for it in group)])
        for title, group in by_title(every)
    ]
    return "".join(f"{part}\n\n" for part in parts)


def markdown_text(every: Sequence[Standing]) -> str:
    """Return the page docs/conformance.md."""
    return PAGE + f"{summary(every)}\n" + "".join(_section(title, list(group)) for title, group in by_title(every))


def by_title(every: Iterable[Standing]) -> Iterator[tuple[str, Iterator[Standing]]]:
    """Yield the requirements by function, each under "3.2.4 Messagerie… · 4.1 Annuaire…"."""
    return groupby(every, title_of)


def title_of(it: Standing) -> str:
    """Return the chapter and the function that a requirement belongs to."""
    if not it.fact.chapter:
        return OWN
    chapter = f"{it.fact.chapter} {names()['chapter'][it.fact.chapter]}"
    number = f"{it.fact.function} " if it.fact.function[0].isdigit() else ""
    return f"{chapter} · {number}{names()['function'][it.fact.function]}"


def summary(every: Iterable[Standing]) -> str:
    """Return how many there are of each status, in French."""
    counts = Counter(it.line.status for it in every)
    told = ", ".join(
        f"{count} {word}{'s' * (count > 1 and word != IN_FRENCH['todo'])}"
        for status, word in IN_FRENCH.items()
        if (count := counts[status]) or status == "done"
    )
    return f"{counts.total()} exigences : {told}."


def _section(title: str, group: Sequence[Standing]) -> str:
    rows = "".join(
        f"| `{it.fact.id}` | {_told(it)} | {_profiles(it)} | {IN_FRENCH[it.line.status]} |\n" for it in group
    )
    return f"\n## {title}\n\n| exigence | intitulé | profils | état |\n|---|---|---|---|\n{rows}"


def _told(it: Standing) -> str:
    because = f" — {it.line.because}" if it.line.because else ""
    ships = ", ".join(f"[{path}](../{path})" for path in it.line.ships)
    return f"{it.line.title}{because}{f' Voir {ships}.' if ships else ''}"


def _profiles(it: Standing) -> str:
    spared = f" (sauf `{it.fact.spared}` seul)" if it.fact.spared else ""
    advised = ", recommandée" if it.fact.obligation == "suggestion" else ""
    return ", ".join(f"`{key}`" for key in it.fact.profiles) + spared + advised


FORMATS: Mapping[str, Callable[[Sequence[Standing]], str]] = {
    "table": table_text,
    "json": json_text,
    "csv": csv_text,
    "markdown": markdown_text,
}
