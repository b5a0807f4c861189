"""What a header must say before it is written: what can be derived is derived, the rest is asked for, all at once."""

from collections.abc import Iterator
from dataclasses import replace

from usager_cda import systems
from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.datatypes.times import Interval, instant_of
from usager_cda.errors import Finding, IncompleteDocument
from usager_cda.fhir.assembly import oid_of
from usager_cda.header import CI_SIS, HL7_FRANCE, UNSTRUCTURED, Act, Header, Participation, Party

NORMAL = Code("N", "2.16.840.1.113883.5.25", "Normal")
CONFIDENTIALITIES = {"N": "Normal", "R": "Restreint", "V": "Très restreint"}
SEX_AND_BIRTH = "with a matricule INS, the CI-SIS asks for every identity trait"


def completed(header: Header, content_key: str, models: tuple[II, ...] = (UNSTRUCTURED,)) -> Header:
    """Return the header of a document, complete.

    Shape   content_key stands for all the document says: its id is made from it when there is none, so that the same
            content keeps the same id and any change gives another. models are the templates of what it is: N1 by
            default.
    Errors  IncompleteDocument with one finding for each thing that is missing, its FHIRPath in expression.
    """
    made = replace(_with_defaults(header, content_key), templates=(HL7_FRANCE, CI_SIS, *models))
    findings = tuple(_missing(made))
    if findings:
        raise IncompleteDocument(*findings)
    return made


def _with_defaults(header: Header, content_key: str) -> Header:
    time = instant_of(header.time) if header.time else None
    legal = (
        replace(header.legal_authenticator, time=header.legal_authenticator.time or time)
        if header.legal_authenticator
        else None
    )
    return replace(
        header,
        id=header.id if header.id.is_known else oid_of("document", content_key),
        time=time,
        confidentiality=_labelled(header.confidentiality or NORMAL),
        language=_language(header.language),
        set_id=header.set_id or (oid_of("set", content_key) if not header.parents else None),
        version=header.version or (None if header.parents else 1),
        authors=tuple(replace(author, time=author.time or time) for author in header.authors),
        legal_authenticator=legal,
        acts=(_main_act(header, time), *header.acts[1:]),
    )


def _labelled(code: Code) -> Code:
    """Return a confidentiality with its label, which the CI-SIS asks for."""
    return code if code.display else code._replace(display=CONFIDENTIALITIES.get(code.code or ""))


def _language(language: str | None) -> str:
    return language if language and "-" in language else "fr-FR"


def _main_act(header: Header, time: str | None) -> Act:
    """Return the main act: by default now, by the first author who is a person, else the first."""
    act = header.main_act
    writers = (part for part in header.authors if part.party.name is not None)
    writer = next(writers, None) or next(iter(header.authors), None)
    default = Participation("performer", writer.party) if writer else None
    performers = act.performers or ((default,) if default else ())
    period = act.period if act.period and act.period.low else Interval(time, act.period.high if act.period else None)
    return replace(act, period=period, performers=tuple(_in_setting(part, act.setting) for part in performers))


def _in_setting(part: Participation, setting: Code | None) -> Participation:
    organization = part.party.organization
    if organization is None or setting is None:
        return part
    return replace(part, party=replace(part.party, organization=replace(organization, industry=setting)))


def _missing(header: Header) -> Iterator[Finding]:
    required = (
        (
            header.code and header.code.code and header.code.system,
            "DocumentReference.type",
            "a code of JDV_J07, with its system",
        ),
        (header.title, "DocumentReference.content.attachment.title", "the title of the document"),
        (header.time, "DocumentReference.date", "when the document was written"),
        (
            header.set_id,
            "DocumentReference.identifier",
            f"the identifier of its versions (system {systems.DOCUMENT_SETS})",
        ),
        (header.version, "DocumentReference.extension", "its version number: it replaces another document"),
        (header.authors, "DocumentReference.author", "at least one author, with its resource"),
        (
            header.custodian,
            "DocumentReference.custodian",
            "the Organization that keeps the document, with its resource",
        ),
        (
            header.legal_authenticator,
            "DocumentReference.authenticator",
            "who answers for the document, with its resource",
        ),
        (header.stay.facility.code, "DocumentReference.context.facilityType", "a code of JDV_J02"),
    )
    for value, expression, expected in required:
        if not value:
            yield _asked(expression, expected)
    yield from _missing_of_patient(header)
    yield from _missing_of_people(header)


def _asked(expression: str, expected: str) -> Finding:
    return Finding("error", f"{expression} is missing; expected {expected}", expression=expression)


def _missing_of_patient(header: Header) -> Iterator[Finding]:
    patient = header.patient
    if not patient.ids:
        yield _asked("Patient.identifier", "at least one identifier whose system is an OID (urn:oid:...)")
    if not patient.name.family("BR", "CL"):
        yield _asked("Patient.name", "a family name")
    if any(ii.is_ins for ii in patient.ids):
        traits = (
            (patient.name.family("BR"), "Patient.name.where(use='official').family"),
            (patient.name.given("BR") and patient.name.given(None), "Patient.name.where(use='official').given"),
            (patient.gender and patient.gender.code, "Patient.gender"),
            (patient.birth, "Patient.birthDate"),
            (
                patient.birthplace and patient.birthplace.part("county"),
                "Patient.extension(birthPlace) with its INSEE code",
            ),
        )
        for value, expression in traits:
            if not value:
                yield _asked(expression, SEX_AND_BIRTH)


def _missing_of_people(header: Header) -> Iterator[Finding]:
    for rank, part in enumerate(header.authors):
        yield from _missing_of_party(part.party, f"DocumentReference.author[{rank}]")
    if header.legal_authenticator:
        yield from _missing_of_party(
            header.legal_authenticator.party, "DocumentReference.authenticator", is_device=False
        )
    custodian = header.custodian
    if custodian and not (_has_structure_id(custodian.ids) and custodian.name):
        yield _asked(
            "DocumentReference.custodian.resolve()", "a name and a national identifier (FINESS, SIRET or IDNST)"
        )
    yield from _missing_of_performer(header.main_act)


def _missing_of_party(party: Party, expression: str, *, is_device: bool = True) -> Iterator[Finding]:
    if not party.ids:
        yield _asked(f"{expression}.resolve().identifier", "an RPPS number, or an identifier whose system is an OID")
    if party.name is None and not (is_device and party.device):
        yield _asked(f"{expression}.resolve().name", "the name of a person" + (" or of a Device" if is_device else ""))


def _missing_of_performer(act: Act) -> Iterator[Finding]:
    party = act.performers[0].party if act.performers else None
    organization = party.organization if party else None
    if party is None or not party.ids:
        yield _asked(
            "DocumentReference.extension(document-participation)",
            "a performer of the act, or an author who is a person",
        )
    elif organization is None:
        yield _asked("PractitionerRole.organization", "the structure of the performer of the act")
    elif organization.industry is None:
        yield _asked("DocumentReference.context.practiceSetting", "a code of JDV_J04 (ESSMS, AMBULATOIRE ...)")


def _has_structure_id(ids: tuple[II, ...]) -> bool:
    return any(ii.root == systems.STRUCTURES for ii in ids)
