"""Finding the vaccine of a note: by the code on its box, by its name, or by a disease, in the lists that we bring."""

from collections.abc import Iterator, Sequence
from functools import cache

from usager_cda.systems import url_of
from usager_cda.terminology import Vaccine, diseases, vaccines
from usager_server.documents.prefill.outline import Tree
from usager_server.documents.prefill.setting import Asked, Setting
from usager_server.terminology.words import WordIndex

CIS, CIP, ATC = "1.2.250.1.213.2.3.1", "1.2.250.1.213.2.3.2", "2.16.840.1.113883.6.73"
SYSTEMS = (CIS, CIP, ATC)
SHOWN_MOST = 20


def code_typed(asked: Asked) -> str | None:
    """Return the code of the vaccine: that of the box, else what was typed when it may be one."""
    if asked.box is not None and asked.box.cip:
        return asked.box.cip
    typed = (asked.vaccine or "").strip().rpartition("|")[2]
    return typed.upper() if typed.isascii() and typed.isalnum() and any(map(str.isdigit, typed)) else None


def medicines_searched(setting: Setting) -> Sequence[str]:
    """Return the search of the medicine among those stored here, as a drug base would be, when a code names it."""
    code = code_typed(setting.asked)
    tokens = ",".join(f"{url_of(system)}|{code}" for system in SYSTEMS)
    return [f"Medication?code={tokens}"] if code else []


def vaccine_codes(asked: Asked, medicines: Sequence[Tree]) -> list[Tree]:
    """Return the CodeableConcepts of the vaccines that fit: one when it is known which, several to choose from."""
    stored = [each["code"] for each in medicines if each.get("code")]
    if stored:
        return [_with_box(stored[0], asked)]
    found = list(_listed(asked))
    return [_with_box(_concept(each), asked) for each in found] if len(found) == 1 else list(map(_concept, found))


def named_by_box(asked: Asked) -> Tree | None:
    """Return what the box alone says of the vaccine: its CIP code."""
    cip = asked.box.cip if asked.box else None
    return {"coding": [{"system": url_of(CIP), "code": cip}]} if cip else None


def _listed(asked: Asked) -> Iterator[Vaccine]:
    code, typed = code_typed(asked), asked.vaccine or ""
    coded = [each for each in vaccines() if code and code in (each.cis, each.cip, each.cis or each.atc)]
    if coded or (asked.box is not None and asked.box.cip):
        yield from coded
        return
    listed = vaccines()
    yield from (listed[at] for at in _index().find(typed)) if typed.strip() else ()


@cache
def _index() -> WordIndex:
    known = diseases()
    return WordIndex([each.name, *(w for name in each.diseases for w in (name, *known[name]))] for each in vaccines())


def _concept(vaccine: Vaccine) -> Tree:
    names = ((CIS, vaccine.cis, vaccine.name), (CIP, vaccine.cip, ""), (ATC, vaccine.atc, _class_of(vaccine)))
    codings = [{"system": url_of(system), "code": code, "display": name} for system, code, name in names if code]
    told = [{name: text for name, text in coding.items() if text} for coding in codings]
    return {"coding": told, "text": vaccine.name}


def _class_of(vaccine: Vaccine) -> str:
    """Return the name of the class of a vaccine, which a note must say."""
    return next((each.name for each in vaccines() if each.atc == vaccine.atc and not each.cis), vaccine.name)


def _with_box(concept: Tree, asked: Asked) -> Tree:
    """Return a vaccine with the CIP code of its box, when nothing tells it already."""
    box = named_by_box(asked)
    if box is None or any(coding.get("system") == url_of(CIP) for coding in concept.get("coding", ())):
        return concept
    return {**concept, "coding": [*concept.get("coding", ()), *box["coding"]]}
