"""Fills the sections of an outline with what the record holds: listed, grouped or told in words; or empty, and why."""

from collections.abc import Sequence
from html import escape

from usager_server.documents.prefill import wording
from usager_server.documents.prefill.draft import Draft, key_of_part
from usager_server.documents.prefill.former import former_section, kept_entries, settled
from usager_server.documents.prefill.groups import grouped
from usager_server.documents.prefill.outline import Fill, Part, Tree
from usager_server.documents.prefill.statements import codes_in

EMPTY_REASONS = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
NOTHING_FOUND = "Aucune information dans le dossier"
NOT_WRITTEN = "À renseigner"
OURS = frozenset({"unavailable", "notstarted", "withheld"})
WITHHELD = "vos droits ne donnent pas accès à tout ce que le dossier en dit"


def filled(draft: Draft, parts: Sequence[Part]) -> list[Tree]:
    """Return the sections of an outline. The draft gathers what they list, and what there is to say of it."""
    return [_section(draft, part) for part in parts]


def _section(draft: Draft, part: Part) -> Tree:
    before = former_section(draft.former, key_of_part(part))
    section: Tree = {"title": before.get("title") or part.title}
    if part.code:
        section["code"] = part.code
    if part.parts:
        words = _narrative(draft, part, [], before)
        return {**section, **({"text": words} if words else {}), "section": filled(draft, part.parts)}
    matches = [(fill, settled(draft, part, fill, before)) for fill in part.fills]
    entries = [] if part.in_words else [each for fill, found in matches for each in _listed(draft, fill, found)]
    entries += kept_entries(draft, part, before)
    text = _narrative(draft, part, [each for _, found in matches for each in found], before)
    if text:
        section["text"] = text
    if entries:
        section["entry"] = entries
    is_withheld = any(fill in draft.record.withheld for fill in part.fills)
    if is_withheld:
        draft.remark(f"{part.title} : {WITHHELD}", severity="warning", expression="Composition.section")
    if not entries and _is_said(before):
        return {**section, "text": before["text"], "emptyReason": before["emptyReason"]}
    return section if text or entries else {**section, **_silence(part, is_withheld=is_withheld)}


def _is_said(before: Tree) -> bool:
    """Say whether a person said why a section is empty, and what: that there is nothing, say."""
    codes = codes_in(before.get("emptyReason"))
    return bool(before.get("text") and codes and not codes & OURS)


def _listed(draft: Draft, fill: Fill, found: Sequence[Tree]) -> list[Tree]:
    if fill.group is None or draft.outline.model is None:
        return [draft.list_stored(each) for each in found]
    return grouped(draft, fill, found)


def _narrative(draft: Draft, part: Part, found: Sequence[Tree], before: Tree) -> Tree | None:
    """Return the words of a section: those that a person wrote before, else ours where entries do not tell enough."""
    rows = wording.rows_of(found, draft.record.find) if part.in_words or draft.outline.model is None else []
    written = before.get("text") or {}
    if written.get("div") and not wording.is_made(written):
        _tell_new(draft, part, rows, written["div"])
        return written
    if not rows:
        return None
    div = wording.paragraphs(list(map(wording.line, rows))) if part.in_words else wording.table(rows)
    return wording.made_text(div)


def _tell_new(draft: Draft, part: Part, rows: Sequence[tuple[str, str, str]], written: str) -> None:
    """Say what the record holds that the words of a person do not name: it is theirs to add."""
    for row in rows:
        if escape(row[0]) not in written:
            text = f"{part.title} : le texte de la version précédente est gardé ; le dossier dit aussi « {row[0]} »"
            draft.remark(text, expression="Composition.section.text")


def _silence(part: Part, *, is_withheld: bool) -> Tree:
    """Return an empty section: nothing was found, or is looked for, or may be. None of these says there is nothing."""
    code, words = ("unavailable", NOTHING_FOUND) if part.fills else ("notstarted", NOT_WRITTEN)
    if is_withheld:
        code, words = "withheld", WITHHELD
    reason = {"coding": [{"system": EMPTY_REASONS, "code": code}], "text": words}
    return {"text": {"status": "empty", "div": wording.paragraphs([words])}, "emptyReason": reason}
