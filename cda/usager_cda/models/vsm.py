"""Volet de synthèse médicale (VSM 2023.01): the general practitioner's summary."""

from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, Model, Slot, loinc

MODEL = Model(
    name="vsm",
    templates=(II(f"{FR_DOCUMENT}13"),),
    codes=(Code("SYNTH", "1.2.250.1.213.1.1.4.12", "Synthèse"),),
    title="Synthèse Médicale",
    requirements=("SC.DOC.03",),
    act=loinc("34117-2", "Historique et clinique"),
    slots=(
        Slot(
            f"{FR_SECTION}29",
            least=1,
            inside=(
                Slot(
                    f"{FR_SECTION}30",
                    least=1,
                    inside=(
                        Slot(f"{FR_SECTION}132", title="Pathologies en cours"),
                        Slot(f"{FR_SECTION}134"),
                        Slot(f"{FR_SECTION}136", title="Antécédents chirurgicaux"),
                        Slot(f"{FR_SECTION}137"),
                    ),
                ),
                Slot(
                    f"{FR_SECTION}31",
                    least=1,
                    inside=(Slot(f"{FR_SECTION}141"), Slot(f"{FR_SECTION}74"), Slot(f"{FR_SECTION}139")),
                ),
            ),
        ),
        Slot(f"{FR_SECTION}150", least=1, title="Points de vigilance"),
        Slot(f"{FR_SECTION}32", least=1, inside=(Slot(f"{FR_SECTION}143"),)),
        Slot(f"{FR_SECTION}243"),
    ),
)
