"""Synthèse médicale IPS-FR 2024.01: the patient summary, that of an EHPAD included (« volet médical du DLU »)."""

from usager_cda.datatypes.identifiers import II
from usager_cda.structured.kinds import FR_DOCUMENT, FR_SECTION, Model, Slot, loinc

MODEL = Model(
    name="ips-fr",
    templates=(II("2.16.840.1.113883.10.22.1.1"), II(f"{FR_DOCUMENT}51", "2024.01")),
    codes=(
        loinc("74207-2", "Synthèse médicale"),
        loinc("60591-5", "Synthèse médicale"),
    ),
    title="SYNTHESE MEDICALE",
    requirements=("LGC.MDV.04", "SC.DOC.03"),
    slots=(
        Slot(f"{FR_SECTION}132", least=1),
        Slot(f"{FR_SECTION}134"),
        Slot(f"{FR_SECTION}136", least=1),
        Slot(f"{FR_SECTION}137", least=1),
        Slot(f"{FR_SECTION}247"),
        Slot(f"{FR_SECTION}143", least=1),
        Slot(f"{FR_SECTION}1", least=1),
        Slot(f"{FR_SECTION}245"),
        Slot(f"{FR_SECTION}246"),
        Slot(f"{FR_SECTION}75"),
        Slot(f"{FR_SECTION}141"),
        Slot(f"{FR_SECTION}74"),
        Slot(f"{FR_SECTION}139"),
        Slot(f"{FR_SECTION}147"),
        Slot(f"{FR_SECTION}77"),
        Slot(f"{FR_SECTION}158"),
        Slot(f"{FR_SECTION}157"),
        Slot(f"{FR_SECTION}244"),
        Slot(f"{FR_SECTION}37"),
        Slot(f"{FR_SECTION}243"),
    ),
)
