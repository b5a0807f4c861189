"""What can happen to an identity: one class per event of the table of transitions.

Every event has a moment, an instant as FHIR writes it.
"""

from dataclasses import dataclass

from usager_server.identity.evidence import Attribute, Source
from usager_server.identity.matricule import Matricule
from usager_server.identity.traits import Traits


@dataclass(frozen=True, slots=True)
class Entered:
    """Row 1: an identity is typed in."""

    moment: str


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Row 2: INSi answered with one person, and a user accepted its traits.

    Shape   matricule has 15 characters (its key computed when INSi left it out); traits are INSi's, to the letter;
            history holds the matricules before this one. operation and message_id name the call, for the trace.
    """

    matricule: str
    oid: str
    traits: Traits
    history: tuple[Matricule, ...]
    moment: str
    operation: str
    message_id: str
    source: Source = Source.insi


@dataclass(frozen=True, slots=True)
class DeviceChecked:
    """Row 3: the traits were checked against a device of high trust (its code), on a day (YYYY-MM-DD)."""

    mode: str
    day: str
    moment: str


@dataclass(frozen=True, slots=True)
class DeviceWithdrawn:
    """Row 4: that check does not hold any more."""

    moment: str


@dataclass(frozen=True, slots=True)
class AttributeSaid:
    """Something is said of an attribute."""

    attribute: Attribute
    moment: str


class Ticked(AttributeSaid):
    """Rows 5, 6, 8: an attribute is ticked."""

    __slots__ = ()


class Unticked(AttributeSaid):
    """Rows 7, 8: an attribute is ticked off."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TraitsEdited:
    """Row 9, 9b, 9c: traits are edited by hand; device: what they were checked against in the same edit."""

    traits: Traits
    moment: str
    device: DeviceChecked | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """Row 10, and 13 for a matricule received: INSi confirms that matricule and traits go together."""

    moment: str
    operation: str
    message_id: str


@dataclass(frozen=True, slots=True)
class VerificationFailed:
    """Row 11: INSi does not confirm them; retrieved is what a search by the local traits then gave, None for nobody."""

    moment: str
    retrieved: Retrieved | None = None


@dataclass(frozen=True, slots=True)
class IdentityRead:
    """A matricule and the traits that go with it come from elsewhere than INSi."""

    matricule: str
    oid: str
    traits: Traits
    moment: str


class VitaleAppRead(IdentityRead):
    """Row 12: the identity was read in the Appli carte Vitale, which stands for INSi and for a device."""

    __slots__ = ()


class MatriculeReceived(IdentityRead):
    """Row 13: a datamatrix, or a document from elsewhere, gives traits and a matricule that INSi has not confirmed."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Merged:
    """Row 14, of the record that is absorbed: another one, named by a reference, takes its place."""

    into: str
    moment: str


@dataclass(frozen=True, slots=True)
class Inherited:
    """Row 15: the software that is master of identities says one anew.

    Shape   status is `provisoire`, `validée` or `qualifiée`, the last with a matricule; mode and day tell the device it
            was checked against, "" when that software does not say which. history holds the matricules before this one.
    """

    status: str
    matricule: Matricule | None
    mode: str
    day: str
    moment: str
    history: tuple[Matricule, ...] = ()


Event = (
    Entered
    | Retrieved
    | DeviceChecked
    | DeviceWithdrawn
    | Ticked
    | Unticked
    | TraitsEdited
    | Verified
    | VerificationFailed
    | VitaleAppRead
    | MatriculeReceived
    | Merged
    | Inherited
)
