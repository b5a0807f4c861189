"""The CI-SIS header as plain values: what a document says of itself, whatever it says it in."""

from dataclasses import dataclass

from usager_cda.datatypes.codes import Code
from usager_cda.datatypes.identifiers import II
from usager_cda.datatypes.names import Name
from usager_cda.datatypes.places import Address
from usager_cda.datatypes.telecoms import Telecom
from usager_cda.datatypes.times import Interval

HL7_FRANCE = II("2.16.840.1.113883.2.8.2.1")
CI_SIS = II("1.2.250.1.213.1.1.1.1")
NO_NAME = Name()
UNSTRUCTURED = II("1.3.6.1.4.1.19376.1.2.20")


@dataclass(frozen=True, slots=True)
class Organization:
    """A structure. industry is its standardIndustryClassCode (XDS practiceSettingCode)."""

    ids: tuple[II, ...] = ()
    name: str | None = None
    telecoms: tuple[Telecom, ...] = ()
    addresses: tuple[Address, ...] = ()
    industry: Code | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A software that writes documents."""

    model: str | None = None
    software: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Someone or something that takes part: a professional, a relative, a device, or an organisation alone.

    Shape   class_code is set for relatives and associated entities (NOK, ECON, PROV ...).
    """

    ids: tuple[II, ...] = ()
    code: Code | None = None
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    name: Name | None = None
    device: Device | None = None
    organization: Organization | None = None
    class_code: str | None = None
    is_relative: bool = False


@dataclass(frozen=True, slots=True)
class Participation:
    """One line of the header that names a party.

    Shape   role is the element's name (author, dataEnterer, informant ...); type_code the participant's typeCode.
            time is when the party signed or wrote; period when a participant took part.
    """

    role: str
    party: Party
    type_code: str | None = None
    function: Code | None = None
    time: str | None = None
    period: Interval | None = None


@dataclass(frozen=True, slots=True)
class Guardian:
    """The legal representative of a patient: a person or a structure."""

    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    name: Name | None = None
    organization: Organization | None = None
    code: Code | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """The person the document is about."""

    ids: tuple[II, ...] = ()
    addresses: tuple[Address, ...] = ()
    telecoms: tuple[Telecom, ...] = ()
    name: Name = NO_NAME
    gender: Code | None = None
    birth: str | None = None
    birth_null: str | None = None
    birthplace: Address | None = None
    birthplace_name: str | None = None
    deceased: bool | None = None
    deceased_time: str | None = None
    multiple_birth: bool | None = None
    birth_order: int | None = None
    guardians: tuple[Guardian, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """One documentationOf/serviceEvent; the first of a header is its main act.

    Shape   setting is the practice setting as FHIR gives it, apart from the performer; a CDA says it in his structure.
    """

    ids: tuple[II, ...] = ()
    code: Code | None = None
    period: Interval | None = None
    performers: tuple[Participation, ...] = ()
    setting: Code | None = None


@dataclass(frozen=True, slots=True)
class Facility:
    """Where the stay took place. code is the XDS healthcareFacilityTypeCode."""

    ids: tuple[II, ...] = ()
    code: Code | None = None
    name: str | None = None
    address: Address | None = None


@dataclass(frozen=True, slots=True)
class Stay:
    """The componentOf/encompassingEncounter."""

    ids: tuple[II, ...] = ()
    code: Code | None = None
    period: Interval | None = None
    discharge: Code | None = None
    responsible: Party | None = None
    participants: tuple[Participation, ...] = ()
    facility: Facility = Facility()

    @property
    def says_something(self) -> bool:
        """Say whether there is more than the type of the facility: else there is no stay to speak of."""
        dated = self.period is not None and (self.period.low or self.period.high)
        place = self.facility.ids or self.facility.name or self.facility.address
        return bool(self.ids or self.code or dated or self.discharge or self.responsible or self.participants or place)


@dataclass(frozen=True, slots=True)
class Consent:
    """One authorization/consent."""

    ids: tuple[II, ...] = ()
    code: Code | None = None
    status: str | None = None


@dataclass(frozen=True, slots=True)
class Parent:
    """A document that this one replaces, transforms or completes (type_code RPLC, XFRM, APND)."""

    type_code: str
    id: II
    set_id: II | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """Everything the header says. Times are FHIR dates and dateTimes; codes keep their OIDs.

    Shape   media_type is that of a non-structured body, None when the body is structured. status is that of the main
            act (completed, active), which laboratories alone give.
    """

    id: II
    patient: Patient
    templates: tuple[II, ...] = ()
    code: Code | None = None
    title: str | None = None
    time: str | None = None
    confidentiality: Code | None = None
    language: str | None = None
    set_id: II | None = None
    version: int | None = None
    authors: tuple[Participation, ...] = ()
    data_enterer: Participation | None = None
    informants: tuple[Participation, ...] = ()
    custodian: Organization | None = None
    recipients: tuple[Participation, ...] = ()
    legal_authenticator: Participation | None = None
    authenticators: tuple[Participation, ...] = ()
    participants: tuple[Participation, ...] = ()
    orders: tuple[II, ...] = ()
    acts: tuple[Act, ...] = ()
    parents: tuple[Parent, ...] = ()
    consents: tuple[Consent, ...] = ()
    stay: Stay = Stay()
    media_type: str | None = None
    status: str | None = None

    @property
    def main_act(self) -> Act:
        """Return the act the document is sorted by."""
        return self.acts[0] if self.acts else Act()

    @property
    def key(self) -> str:
        """Return the identity of this version: root^extension."""
        return str(self.id)
