"""What the comparison of one trait says."""

from typing import NamedTuple

CONTRARY = 0.0
"""The agreement of a trait that speaks against one person."""


class Finding(NamedTuple):
    """One trait of two records.

    Shape   agreement from 0 (another person's) to 1 (the same); text says why in French, and names nobody.
    """

    trait: str
    agreement: float
    text: str
