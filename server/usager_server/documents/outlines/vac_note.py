"""Note de vaccination: one vaccination, from the box of the vaccine or from what was typed."""

from typing import TYPE_CHECKING

from usager_server.documents.prefill import vaccine
from usager_server.documents.prefill.outline import Fill, Outline, Tree
from usager_server.documents.prefill.setting import reference_to
from usager_server.requirements import fulfils

if TYPE_CHECKING:
    from usager_server.documents.prefill.draft import Draft

GIVEN = "11369-6"
LATEST = Fill("Immunization?status=completed&_sort=-date", most=1)


@fulfils("MS.VACC/NOTE.07", "SC.CDA/DD.23")
def complete(draft: "Draft") -> None:
    """List the vaccination: a new one when its vaccine was told, else the latest of the record."""
    asked = draft.setting.asked
    if asked.vaccine or asked.box:
        draft.put(GIVEN, draft.make(_vaccination(draft)))
        return
    for latest in draft.found(LATEST):
        draft.put(GIVEN, draft.list_stored(latest))
        draft.remark("La note reprend la dernière vaccination du dossier ; indiquez un vaccin pour une autre")


def _vaccination(draft: "Draft") -> Tree:
    asked, setting = draft.setting.asked, draft.setting
    performer = {"reference": reference_to(setting.author)} if setting.author else None
    encounter = {"reference": reference_to(setting.encounter)} if setting.encounter else None
    return {
        "resourceType": "Immunization",
        "status": "completed",
        "vaccineCode": _vaccine(draft),
        "patient": draft.subject,
        "encounter": encounter,
        "occurrenceDateTime": asked.day or asked.moment[:10],
        "primarySource": True,
        "lotNumber": asked.box.lot if asked.box else None,
        "expirationDate": asked.box.expiry if asked.box else None,
        "performer": [{"actor": performer}] if performer else None,
    }


def _vaccine(draft: "Draft") -> Tree:
    asked = draft.setting.asked
    found = vaccine.vaccine_codes(asked, draft.record.looked_up)
    if len(found) == 1:
        return found[0]
    where = "Immunization.vaccineCode"
    for each in found[: vaccine.SHOWN_MOST]:
        coding = each["coding"][0]
        draft.remark(f"Vaccin possible : {coding['code']} {each['text']}", expression=where)
    text = "Plusieurs vaccins correspondent : précisez lequel" if found else "Le vaccin n'est pas connu : précisez-le"
    draft.remark(text, severity="warning", expression=where)
    return vaccine.named_by_box(asked) or {"text": asked.vaccine or "À préciser"}


OUTLINE = Outline(
    name="vac-note",
    code="87273-9",
    model="vac-note",
    reads=(LATEST,),
    looks_up=vaccine.medicines_searched,
    completes=complete,
)
