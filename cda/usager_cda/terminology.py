"""The code lists of the documents: `data/value_sets.csv` and `codes.csv`, and the vaccines of `vaccines.csv`.

A list that is not whole holds what a medico-social document uses of a national one; it proves that a code is right, not
that another is wrong. Source: CI-SIS (volets and examples) and NOS for the codes, ATC/DDD for the classes of vaccines;
each row of value_sets.csv and vaccines.csv names its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from usager_cda.systems import rows

OURS = "Usager"


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a list. Shape: system is an OID; is_ours when its label is of our own words, not its source's."""

    system: str
    code: str
    display: str
    is_ours: bool


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A list of codes. Shape: url is its FHIR canonical; oid "" when it has none; is_whole as the module says."""

    key: str
    oid: str
    url: str
    name: str
    title: str
    version: str
    is_whole: bool
    source: str
    codes: Sequence[Code]

    def find(self, system: str, code: str) -> Code | None:
        """Return a code of this list, or None."""
        return next((each for each in self.codes if (each.system, each.code) == (system, code)), None)


@dataclass(frozen=True, slots=True)
class Vaccine:
    """A vaccine, or a class of them.

    Shape   cis is its code in the BDPM, "" for a class; cip that of its box, "" when it is not known; atc its class.
    """

    cis: str
    cip: str
    atc: str
    name: str
    diseases: Sequence[str]


@cache
def value_sets() -> Mapping[str, ValueSet]:
    """Return the lists by key, as `value_sets.csv` names them."""
    codes = {
        key: tuple(Code(row["system"], row["code"], row["display"], row["named_by"] == OURS) for row in group)
        for key, group in groupby(rows("codes.csv"), lambda row: row["value_set"])
    }
    return {row["key"]: _value_set(row, codes[row["key"]]) for row in rows("value_sets.csv")}


def _value_set(row: Mapping[str, str], codes: Sequence[Code]) -> ValueSet:
    texts = {name: row[name] for name in ("key", "oid", "url", "name", "title", "version", "source")}
    return ValueSet(**texts, is_whole=row["whole"] == "yes", codes=codes)


@cache
def vaccines() -> Sequence[Vaccine]:
    """Return the classes of vaccines by ATC code, then the vaccines."""
    return [
        Vaccine(row["cis"], row["cip"], row["atc"], row["name"], tuple(row["diseases"].split(";")))
        for row in rows("vaccines.csv")
    ]


@cache
def diseases() -> Mapping[str, Sequence[str]]:
    """Return the diseases that vaccines protect from, each with the other words people type for it."""
    return {row["disease"]: tuple(filter(None, row["synonyms"].split(";"))) for row in rows("diseases.csv")}
