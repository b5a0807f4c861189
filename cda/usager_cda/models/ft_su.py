"""Fiche de transfert vers le service des urgences (DLU-FT-SU 2025.01), from an EHPAD or from home."""

from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, SNOMED, Model, Slot, loinc

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
)
