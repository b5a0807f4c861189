"""The places of birth as FHIR knows them: two code systems with history, and the value set of both."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from usager_server.birthplaces.edition import COMMUNE, COUNTRY, Edition, Period
from usager_server.birthplaces.gazetteer import UNKNOWN, Gazetteer
from usager_server.terminology.code_system import CodeSystem
from usager_server.terminology.concept import Concept

COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
COUNTRIES = "https://mos.esante.gouv.fr/NOS/TRE_R20-Pays/FHIR/TRE-R20-Pays"
ABROAD = "99"
BIRTHPLACES = "https://hl7.fr/ig/fhir/core/ValueSet/fr-core-vs-cog-commune-pays"

VALUE_SET: Mapping[str, Any] = {
    "resourceType": "ValueSet",
    "id": "fr-core-vs-cog-commune-pays",
    "url": BIRTHPLACES,
    "name": "FRCoreValueSetCogCommunePays",
    "title": "Lieux de naissance : communes et pays du code officiel géographique",
    "status": "active",
    "compose": {"include": [{"system": COMMUNES}, {"system": COUNTRIES}]},
}
"""Every place somebody may be born in, with those of the past."""


def communes(gazetteer: Gazetteer) -> CodeSystem:
    """Return the communes, their parts and districts, and those overseas; with 99999, the place that nobody knows."""
    concepts = _concepts(gazetteer, (code for code in gazetteer.codes() if not code.startswith(ABROAD)))
    return _system(COMMUNES, "TRE-R13-CommuneOM", gazetteer.edition, [*concepts, _concept(gazetteer, UNKNOWN)])


def countries(gazetteer: Gazetteer) -> CodeSystem:
    """Return the countries. Those of the past lack from the edition shipped, which is then a part of the whole."""
    concepts = _concepts(gazetteer, (code for code in gazetteer.codes() if code.startswith(ABROAD)))
    return _system(COUNTRIES, "TRE-R20-Pays", gazetteer.edition, concepts)


def _system(url: str, name: str, edition: Edition, concepts: Iterable[Concept]) -> CodeSystem:
    # INSi knows codes that no file has: what is absent here is not wrong.
    return CodeSystem(url, concepts, name=name, version=edition.name, is_whole=False)


def _concepts(gazetteer: Gazetteer, codes: Iterable[str]) -> Iterable[Concept]:
    for code in codes:
        first, *others = sorted(gazetteer.periods(code), key=_rank)
        yield _concept(gazetteer, first, tuple(_concept(gazetteer, each) for each in others))


def _rank(period: Period) -> tuple[bool, bool, int]:
    """Return what puts first what a code means today, a commune before its parts, then the latest."""
    return bool(period.end), period.kind not in (COMMUNE, COUNTRY), -int(period.start[:4] or 0)


def _concept(gazetteer: Gazetteer, period: Period, others: tuple[Concept, ...] = ()) -> Concept:
    properties: list[tuple[str, str, Any]] = [("type", "valueCode", period.kind)]
    if period.parent:
        properties.append(("rattachement", "valueCode", period.parent))
    if period.start:
        properties.append(("dateValid", "valueDateTime", period.start))
    if period.end:
        properties.append(("dateFin", "valueDateTime", period.end))
    if period.is_rough:
        properties.append(("dateApproximative", "valueBoolean", True))
    properties += [("predecesseur", "valueCode", each.before.code) for each in gazetteer.origins(period)]
    properties += [("successeur", "valueCode", each.after.code) for each in gazetteer.successors(period)]
    return Concept(
        period.code,
        period.label,
        properties=tuple(properties),
        is_inactive=bool(period.end),
        start=_day(period.start),
        end=_day(period.end),
        others=others,
    )


@cache
def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
