"""Participations <-> the document-participation extension: who did what, when, and in which function."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import code_from_concept, concept_from_code
from usager_cda.datatypes.extensions import extensions_of, put_extension, value_of
from usager_cda.datatypes.times import interval_from_period, period_from_interval
from usager_cda.fhir import names
from usager_cda.fhir.parties import is_relative, party_of
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Participation, Party
from usager_cda.shapes import SHAPES

DEFAULT_CLASS = SHAPES["participant"].class_code

PartyReference = Callable[[Party], Tree | None]


def participation_extension(part: Participation, reference: PartyReference, *, url: str = names.PARTICIPATION) -> Tree:
    """Return the extension: role, type, function, time or period, party."""
    inner: Tree = {}
    put_extension(inner, "role", valueCode=part.role)
    put_extension(inner, "type", valueCode=part.type_code)
    put_extension(inner, "class", valueCode=_unusual_class(part))
    put_extension(inner, "function", valueCodeableConcept=concept_from_code(part.function) if part.function else None)
    put_extension(inner, "time", valueDateTime=part.time)
    put_extension(inner, "period", valuePeriod=period_from_interval(part.period) if part.period else None)
    put_extension(inner, "party", valueReference=reference(part.party))
    return {"url": url, **inner}


def _unusual_class(part: Participation) -> str | None:
    """Return the class of a participant that nothing else tells: neither a provider nor a relative."""
    is_told = part.role != "participant" or is_relative(part.party)
    return None if is_told or part.party.class_code == DEFAULT_CLASS else part.party.class_code


def participations_of(resource: Tree, role: str, resolver: Resolver) -> Iterator[Participation]:
    """Yield the participations of one role whose party is at hand."""
    for extension in extensions_of(resource, names.PARTICIPATION):
        if value_of(extension, "role", "valueCode") == role:
            found = participation_of(extension, role, resolver, resource)
            if found is not None:
                yield found


def participation_of(extension: Tree, role: str, resolver: Resolver, holder: Tree) -> Participation | None:
    """Return the participation of one extension; None when its party is not at hand."""
    party = party_of(resolver, value_of(extension, "party", "valueReference"), holder)
    if party is None:
        return None
    class_code = value_of(extension, "class", "valueCode")
    if class_code:
        party = replace(party, class_code=class_code)
    return Participation(
        role=role,
        party=party,
        type_code=value_of(extension, "type", "valueCode"),
        function=code_from_concept(value_of(extension, "function", "valueCodeableConcept")),
        time=value_of(extension, "time", "valueDateTime"),
        period=interval_from_period(value_of(extension, "period", "valuePeriod")),
    )


def reference_key(reference: Tree | None) -> str:
    """Return the text by which two References are the same."""
    identifier = (reference or {}).get("identifier") or {}
    return str((reference or {}).get("reference") or f"{identifier.get('system')}|{identifier.get('value')}")
