"""A profile of the référencement: what a vendor is certified for, and so what it switches on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    """One value of USAGER_PROFILES. A plugin that has variants registers one Profile for each.

    Shape   key is what the operator writes ("ph-avec-decision"); title is French, as in the référentiel; adds says in
            one line what switching it on changes today; excludes holds the keys that contradict this one.
    """

    key: str
    title: str
    adds: str
    excludes: frozenset[str] = frozenset()
