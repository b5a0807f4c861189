"""How bytes, times and states are shown to people, in French."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from usager_server.conformity.proof import State
from usager_server.conformity.record import Exchange, Verdict

SHOWN_CHARACTERS = 8000
SHOWN_LINES = 120
SHOWN_STRING = 400
PARIS = ZoneInfo("Europe/Paris")
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
WORDS = {
    State.PASSED: ("réussi", "✓"),
    State.FAILED: ("échoué", "✗"),
    State.PARTIAL: ("partiel", "◐"),
    State.NOT_RUN: ("non exécuté", "–"),
    State.NOT_COVERED: ("pas encore couvert", "○"),
    State.ORGANISATIONAL: ("organisationnel", "§"),
    State.EXEMPT: ("hors logiciel", "≡"),
    State.NOT_APPLICABLE: ("non applicable", "·"),
}
MEANINGS = {
    State.PASSED: "Tous les scénarios de l'exigence sont réussis, et le registre du logiciel la dit satisfaite.",
    State.FAILED: "Un scénario au moins a échoué : sa page dit à quelle étape, et pourquoi.",
    State.PARTIAL: "Les scénarios sont réussis, mais ne démontrent encore qu'une partie de l'exigence.",
    State.NOT_RUN: "Le scénario n'a pas pu être exécuté ici, le plus souvent faute de bac à sable.",
    State.NOT_COVERED: "Le logiciel ne répond pas encore à cette exigence, ou rien ne le démontre encore.",
    State.ORGANISATIONAL: "L'exigence porte sur l'éditeur ou l'établissement : aucun logiciel ne la satisfait seul.",
    State.EXEMPT: "L'exigence est satisfaite ailleurs que dans ce logiciel, pour la raison donnée.",
    State.NOT_APPLICABLE: "L'exigence ne concerne pas les profils retenus.",
}
OF_VERDICT = {
    Verdict.PASSED: State.PASSED,
    Verdict.FAILED: State.FAILED,
    Verdict.NOT_RUN: State.NOT_RUN,
}
CUT = re.compile(r"… \(\d+ caractères\)")
NARROW = "\u202f"


@dataclass(frozen=True, slots=True)
class Body:
    """A body as a page shows it. Shape: text empty when it is not text; is_cut when the page does not hold it all."""

    text: str
    size: str
    is_cut: bool


def body(content: bytes, content_type: str) -> Body:
    """Return a body for reading: JSON laid out, long values shortened, the whole cut to its beginning."""
    text = _text(content, content_type)
    laid_out = _laid_out(text) if text else ""
    lines = laid_out[:SHOWN_CHARACTERS].splitlines()
    shown = "\n".join(lines[:SHOWN_LINES])
    is_cut = CUT.search(shown) is not None or len(shown) < len(laid_out.rstrip()) or (bool(content) and not text)
    return Body(shown, size(len(content)), is_cut)


def content_type_of(headers: tuple[tuple[str, str], ...]) -> str:
    """Return the media type among headers, or nothing."""
    return next((value for name, value in headers if name.lower() == "content-type"), "")


def extension_of(content_type: str) -> str:
    """Return the extension of a file that holds such a body."""
    kinds = {"json": "json", "xml": "xml", "html": "html", "pdf": "pdf", "text": "txt"}
    return next((extension for word, extension in kinds.items() if word in content_type), "bin")


def reason(exchange: Exchange) -> str:
    """Return what came back, for the title of an exchange."""
    return str(exchange.status) if exchange.status else "aucune réponse"


def size(count: int) -> str:
    """Return a number of bytes in words: "12,3 ko"."""
    for unit, worth in (("Mo", 1_000_000), ("ko", 1_000)):
        if count >= worth:
            return f"{_comma(count / worth)}{NARROW}{unit}"
    return f"{count} octet{'s' if count > 1 else ''}"


def duration(seconds: float) -> str:
    """Return a time in words: "1,2 s", "35 ms", "2 min 5 s"."""
    if seconds < 0.9995:
        return f"{round(seconds * 1000)}{NARROW}ms"
    if seconds < 60:
        return f"{_comma(seconds)}{NARROW}s"
    return f"{int(seconds // 60)}{NARROW}min {int(seconds % 60)}{NARROW}s"


def moment(instant: datetime) -> str:
    """Return a date and time of Paris in words."""
    local = instant.astimezone(PARIS)
    day = "1er" if local.day == 1 else str(local.day)
    return f"{day} {MONTHS[local.month - 1]} {local.year} à {local.hour}{NARROW}h{NARROW}{local.minute:02}"


def _comma(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0").replace(".", ",")


def _text(content: bytes, content_type: str) -> str:
    if content.startswith(b"%PDF") or "octet-stream" in content_type:
        return ""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return ""
    return text if "\x00" not in text else ""


def _laid_out(text: str) -> str:
    try:
        return json.dumps(_shortened(json.loads(text)), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _shortened(value: Any) -> Any:
    """Return the same tree with its long strings cut: a base64 is not for reading."""
    if isinstance(value, str) and len(value) > SHOWN_STRING:
        return f"{value[:60]}… ({len(value)} caractères)"
    if isinstance(value, dict):
        return {name: _shortened(each) for name, each in value.items()}
    return list(_each(value)) if isinstance(value, list) else value


def _each(values: list[Any]) -> Iterator[Any]:
    yield from (_shortened(value) for value in values)
