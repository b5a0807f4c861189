"""The sections of the VSM that only hold other sections."""

from usager_cda.structured.kinds import FR_SECTION, Section, loinc

SECTIONS = (
    Section(
        template=f"{FR_SECTION}29",
        code=loinc("46612-8", "Conclusions de synthèse"),
        title="Pathologies en cours, antécédents, allergies et facteurs de risque",
    ),
    Section(
        template=f"{FR_SECTION}30",
        code=loinc("34117-2", "Historique et physique"),
        title="Pathologies en cours, antécédents et allergies",
    ),
    Section(
        template=f"{FR_SECTION}31",
        code=loinc("57207-3", "Facteurs de risque présents ou passés affectant l'état de santé et/ou une circonstance"),
        title="Facteurs de risque",
    ),
    Section(
        template=f"{FR_SECTION}32",
        code=loinc("18776-5", "Plan de traitement"),
        title="Traitement au long cours",
    ),
)
