"""Attestation d'identité qualifiée concernant un prélèvement externe: for the laboratory, with its checklist.

Source  référentiel DUI vague 2, 3.2.9 (SENTINELLE.23): identity, sampler, prescription, addresses of the return.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from usager_server.documents.prefill.outline import COMPLEMENTARY, Fill, Outline, Part, Tree
from usager_server.documents.prefill.statements import codes_in
from usager_server.identity.status import Status, status_of
from usager_server.requirements import fulfils

if TYPE_CHECKING:
    from usager_server.documents.prefill.draft import Draft
    from usager_server.documents.prefill.setting import Setting

TITLE = "Attestation d'identité qualifiée concernant un prélèvement externe"
SAMPLING, PRESCRIPTION, RETURN = "Prélèvement", "Prescription", "Adresses MSSanté pour le compte rendu"
PRESCRIBED = Fill("ServiceRequest?status=active&category=108252007&_sort=-authored", most=5)
IMAGES = Fill("DocumentReference?status=current&type=PRESC-BIO&_sort=-date", most=1)
RPPS = "https://rpps.esante.gouv.fr"
SECURE = "mssante.fr"
LABORATORIES = ("lab", "SA25", "laboratory")


def around(setting: "Setting") -> Sequence[str]:
    """Return where the laboratory (a partner of the structure) and the treating physician are looked up."""
    searches = []
    if setting.custodian:
        own = f"primary-organization=Organization/{setting.custodian['id']}"
        searches.append(
            f"OrganizationAffiliation?active=true&{own}&_include=OrganizationAffiliation:participating-organization"
        )
    physicians = [each.get("reference", "").partition("/") for each in setting.patient.get("generalPractitioner", ())]
    for kind, _, key in physicians[:1]:
        include = "&_include=PractitionerRole:practitioner" if kind == "PractitionerRole" else ""
        if kind and key:
            searches.append(f"{kind}?_id={key}{include}")
    return searches


@fulfils("SENTINELLE.23")
def complete(draft: "Draft") -> None:
    """Write the sampling and the addresses, and say what of the checklist the record does not have."""
    asked, record = draft.setting.asked, draft.record
    laboratory = _laboratory(draft)
    addresses = {
        "Structure": _secure(draft.setting.custodian),
        "Médecin traitant": next(filter(None, map(_secure, _physicians(draft))), None),
        "Laboratoire": _secure(laboratory),
    }
    from usager_cda.structured import french
    from usager_server.documents.prefill.wording import person

    when = french.day(asked.day or asked.moment[:16])
    draft.write(SAMPLING, f"Prélèvement du {when}, fait par {person(draft.setting.writer) or '…'}")
    known = [f"{who} : {address}" for who, address in addresses.items() if address]
    if known:
        draft.write(RETURN, *known)
    draft.event = {"period": {"start": asked.day or asked.moment}}
    is_prescribed = bool(record.holding(PRESCRIBED) or record.holding(IMAGES))
    for is_there, severity, message, where in _checklist(draft, addresses, is_prescribed=is_prescribed):
        if not is_there:
            draft.remark(message, severity=severity, expression=where)


def _checklist(
    draft: "Draft", addresses: dict[str, str | None], *, is_prescribed: bool
) -> Iterator[tuple[bool, str, str, str]]:
    """Yield what is checked before a sampling: whether it is there, how grave its lack is, what to say of it."""
    setting = draft.setting
    has_rpps = any(each.get("system") == RPPS for each in setting.writer.get("identifier", ()))
    yield _is_qualified(setting.patient), "error", "L'INS n'est pas qualifiée", "Patient.identifier"
    yield has_rpps, "error", "Le préleveur n'a pas de numéro RPPS", "Composition.author"
    yield bool(addresses["Laboratoire"]), "error", "Pas d'adresse MSSanté du laboratoire", "OrganizationAffiliation"
    yield bool(addresses["Structure"]), "error", "Pas d'adresse MSSanté de la structure", "Organization.telecom"
    yield is_prescribed, "warning", "Pas de prescription de biologie", "ServiceRequest"
    missing = "Pas d'adresse MSSanté du médecin traitant"
    yield bool(addresses["Médecin traitant"]), "warning", missing, "Patient.generalPractitioner"


def _is_qualified(patient: Tree) -> bool:
    """Say whether the INS is qualified: the identity is, and bears its matricule."""
    return status_of(patient) is Status.qualifiee


def _laboratory(draft: "Draft") -> Tree:
    partners = [each for each in draft.record.looked_up if each["resourceType"] == "OrganizationAffiliation"]
    structures = {f"Organization/{each['id']}": each for each in draft.record.looked_up if _is(each, "Organization")}
    for partner in partners:
        if codes_in(partner.get("code")) & set(LABORATORIES):
            named = (partner.get("participatingOrganization") or {}).get("reference", "")
            own = structures.get(named, {})
            return {"telecom": [*partner.get("telecom", ()), *own.get("telecom", ())]}
    return {}


def _physicians(draft: "Draft") -> list[Tree]:
    return [each for each in draft.record.looked_up if _is(each, "Practitioner", "PractitionerRole")]


def _is(resource: Tree, *kinds: str) -> bool:
    return resource["resourceType"] in kinds


def _secure(resource: Tree) -> str | None:
    """Return the MSSanté address of someone."""
    listed = (str(each.get("value", "")) for each in resource.get("telecom", ()))
    return next((each for each in listed if each.lower().endswith(SECURE)), None)


OUTLINE = Outline(
    name="cert-decl",
    code="CERT_DECL",
    system=COMPLEMENTARY,
    title=TITLE,
    sections=(Part(SAMPLING), Part(PRESCRIPTION, (PRESCRIBED, IMAGES)), Part(RETURN)),
    looks_up=around,
    completes=complete,
)
