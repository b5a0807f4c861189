"""Fiche de transfert vers les urgences: what the record knows now, and the lines that whoever is there ticks."""

from typing import TYPE_CHECKING

from usager_server.documents.prefill import statements
from usager_server.documents.prefill.outline import Fill, Outline
from usager_server.requirements import fulfils

if TYPE_CHECKING:
    from usager_server.documents.prefill.draft import Draft

INFORMED, FUNCTIONS, BELONGINGS = "ORG-213", "46006-3", "46264-8"
TO_TELL, WORN = ("ORG-214", "225728007", "PCP", "ORG-223"), ("Q021003", "P0102", "Y2145")
LAST_TREATMENT, LAST_MEAL = "GEN-370", "GEN-244"
LAST_GIVEN = Fill("MedicationAdministration?status=completed&_sort=-effective-time", most=1)


@fulfils("MS.CDA/FTSU.01")
def complete(draft: "Draft") -> None:
    """Put the lines that the sheet always has and that nobody has answered yet: their values are unknown."""
    for line in draft.codes_of("informed", *TO_TELL):
        draft.ask(INFORMED, line)
    given = next(iter(draft.found(LAST_GIVEN)), {})
    when = given.get("effectiveDateTime") or (given.get("effectivePeriod") or {}).get("start")
    draft.ask(FUNCTIONS, draft.cisis(LAST_TREATMENT, "Date et heure de la dernière prise du traitement habituel"), when)
    draft.ask(FUNCTIONS, draft.cisis(LAST_MEAL, "Date et heure du dernier repas"))
    if not draft.found(statements.BELONGINGS):
        for line in draft.codes_of("belongings", *WORN):
            draft.ask(BELONGINGS, line)


OUTLINE = Outline(
    name="ft-su",
    code="78341-5",
    model="ft-su",
    fills={
        "8716-3": (statements.VITAL_SIGNS,),
        BELONGINGS: (statements.BELONGINGS,),
    },
    reads=(LAST_GIVEN,),
    completes=complete,
)
