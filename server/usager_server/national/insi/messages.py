"""The wire: what is asked of INSi and what it answers, as dataclasses."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FOUND, NOBODY, SEVERAL = "00", "01", "02"
PENDING = "10"
NO_ANSWER, REFUSED = "no-answer", "refused"
MOST_CLAIMS = 1000


@dataclass(frozen=True, slots=True)
class Sought:
    """Somebody by their traits (WS_INS2).

    Shape   names as INSi reads them: A to Z, space, apostrophe, hyphen. sex is M or F; birth_date AAAA-MM-JJ, whose
            month and day may be none of the calendar; birth_place the COG, "" when it is left out.
    """

    birth_name: str
    given_names: tuple[str, ...]
    sex: str
    birth_date: str
    birth_place: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A matricule on the wire. Shape: body has 13 characters; key 2, "" when it is not given; kind is TypeMatricule."""

    body: str
    key: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class CardHolder:
    """Somebody by what their carte Vitale says (WS_INS1).

    Shape   own is None when the card names the insured person only; rank is that of birth.
    """

    insured: Number
    birth_date: str
    rank: str
    own: Number | None = None
    birth_name: str = ""


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule with the OID that says what it is. Shape: start and end are AAAA-MM-JJ, "" when not given."""

    number: Number
    oid: str
    start: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Traits:
    """The traits of an answer, as they came. Shape: given_name is "" when only the list came, which is often."""

    birth_name: str
    given_name: str
    given_names: str
    sex: str
    birth_date: str
    birth_place: str


@dataclass(frozen=True, slots=True)
class Individual:
    """Somebody whom INSi knows. Order: history as INSi gave it, which may repeat the active matricule."""

    active: Ins
    traits: Traits
    history: tuple[Ins, ...] = ()


@dataclass(frozen=True, slots=True)
class Claimed:
    """A matricule and traits to be verified (WS_INS3)."""

    ins: Ins
    traits: Traits


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. Shape: code is FOUND, NOBODY or SEVERAL, or another that INSi may invent; individual with FOUND."""

    code: str
    label: str
    individual: Individual | None = None


@dataclass(frozen=True, slots=True)
class Lot:
    """What became of a batch (WS_INS5): pending, or the code of each claim by the reference that it was sent under."""

    is_ready: bool
    codes: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> str:
        """Return what INSi says of the batch as a whole: FOUND when it has worked through it, else PENDING."""
        return FOUND if self.is_ready else PENDING


@dataclass(frozen=True, slots=True)
class Deposit:
    """A batch to be verified (WS_INS4). Shape: lot_id is ours; claims by a reference of ours, at most MOST_CLAIMS."""

    lot_id: str
    claims: Sequence[tuple[str, Claimed]]


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was made, for its trace: nothing of an identity.

    Shape   code is that of the answer ("00", "01", …, "desir_550"), NO_ANSWER when nothing came back, REFUSED when what
            came back could not be used.
    """

    operation: str
    message_id: str
    code: str
    mode: str
