"""Fiche de transfert vers le service des urgences (DLU-FT-SU 2025.01), from an EHPAD or from home."""

from collections.abc import Iterator, Sequence

from usager_cda.datatypes import Tree
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.errors import Finding
from usager_cda.fhir.resolver import Resolver
from usager_cda.header import Header
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, SNOMED, Model, Slot, loinc

CONSCIOUSNESS = frozenset({"MED-1301", "MED-1302", "MED-1303"})


def asks(_header: Header, listed: Sequence[Tree], _resolver: Resolver) -> Iterator[Finding]:
    """Yield what is missing: whether the person is awake. Source: CI-SIS, DLU-FT-SU 2025.01."""
    coded = (coding for each in listed for coding in _coding_of(each))
    if not any(coding.get("code") in CONSCIOUSNESS for coding in coded):
        expected = "expected one of MED-1301 (awake), MED-1302 (can be woken), MED-1303 (cannot)"
        text = f"Composition.section(46006-3).entry: no state of consciousness; {expected}"
        yield Finding("error", text, expression="Composition.section.entry")


def _coding_of(resource: Tree) -> Sequence[Tree]:
    is_observation = resource.get("resourceType") == "Observation"
    return (resource.get("code") or {}).get("coding", ()) if is_observation else ()


MODEL = Model(
    name="ft-su",
    templates=(II(f"{FR_DOCUMENT}61", "2025.01"),),
    codes=(loinc("78341-5", "Fiche de transfert vers le service des urgences"),),
    title="Fiche de transfert vers le service des urgences",
    act=Code("306104004", SNOMED, "transfert vers le service des urgences"),
    stays=("EMER",),
    requirements=("MS.CDA/FTSU.01",),
    slots=(
        Slot(
            f"{FR_SECTION}251",
            least=1,
            title="Personnes et structures informées du transfert vers le service des urgences",
        ),
        Slot(f"{FR_SECTION}127", least=1, title="Motif du transfert"),
        Slot(f"{FR_SECTION}245", title="Evolutions ou changements constatés ces derniers jours"),
        Slot(f"{FR_SECTION}115", least=1),
        Slot(f"{FR_SECTION}75", least=1, title="Constantes du patient"),
        Slot(f"{FR_SECTION}53", least=1),
        Slot(f"{FR_SECTION}73"),
        Slot(f"{FR_SECTION}243"),
    ),
    asks=asks,
)
