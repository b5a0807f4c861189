"""Plan de soins: treatments, examinations, acts, visits and vaccinations to come."""

from usager_cda.entries import care_plan
from usager_cda.structured.kinds import CCD, FR_ENTRY, FR_SECTION, IHE, Around, Section, loinc

SECTION = Section(
    template=f"{FR_SECTION}158",
    parents=(
        f"{CCD}10",
        f"{IHE}1.5.3.1.3.36",
    ),
    code=loinc("18776-5", "Plan de soins"),
    title="Plan de soins",
    entries=(
        f"{FR_ENTRY}42",
        f"{FR_ENTRY}27",
        f"{FR_ENTRY}62",
        f"{FR_ENTRY}58",
        f"{FR_ENTRY}47",
    ),
    needs_entry=True,
    around=Around(read=care_plan.read, spread=care_plan.spread),
)
