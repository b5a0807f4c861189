"""How much the traits of two records say together: a score, and one of the four grades of FHIR."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from usager_server.matching.comparing import LOCAL_NUMBER, MATRICULE
from usager_server.matching.finding import CONTRARY, Finding

WEIGHTS: Mapping[str, float] = {"family": 0.28, "given": 0.22, "birthDate": 0.30, "gender": 0.06, "birthPlace": 0.14}
"""What each trait counts; together 1."""

NEEDED = ("family", "given", "birthDate")
"""The traits without which no record is probably someone's."""

PROBABLE, POSSIBLE = 0.8, 0.5
"""Scores from which on a record is so called; below the second it is left out."""

COHERENT = 0.7
"""The least agreement of every trait of a record that bears the number looked for."""


class Grade(StrEnum):
    """How sure it is that two records are of one person.

    Source  FHIR R4 codesystem-match-grade.html.
    """

    certain = "certain"
    probable = "probable"
    possible = "possible"
    certainly_not = "certainly-not"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a comparison comes to: the grade, a score from 0 to 1, and why."""

    grade: Grade
    score: float
    findings: Sequence[Finding]


def judge(findings: Sequence[Finding]) -> Verdict:
    """Return the verdict on what was found of two records.

    Shape   certain: one number, and no trait against it; or all six strict traits the same. A number that is another
            person's, or a trait against it, leaves no more than possible. A trait that is missing lowers the score.
    """
    agreements = {finding.trait: finding.agreement for finding in findings}
    score = _score(agreements)
    shared = any(agreements.get(number) for number in (MATRICULE, LOCAL_NUMBER))
    traits = {trait: agreement for trait, agreement in agreements.items() if trait in WEIGHTS}
    is_coherent = all(agreement >= COHERENT for agreement in traits.values())
    if shared:
        score = max(score, PROBABLE if is_coherent else POSSIBLE)
    if agreements.get(MATRICULE) == CONTRARY:
        return Verdict(Grade.possible if score >= PROBABLE else Grade.certainly_not, round(score / 2, 3), findings)
    if shared and is_coherent and traits:
        return Verdict(Grade.certain, 1.0, findings)
    if len(traits) == len(WEIGHTS) and all(agreement == 1 for agreement in traits.values()):
        return Verdict(Grade.certain, round(score, 3), findings)
    return Verdict(_uncertain(score, traits), round(score, 3), findings)


def _score(agreements: Mapping[str, float]) -> float:
    known = sum(weight for trait, weight in WEIGHTS.items() if trait in agreements)
    if not known:
        return 0.0
    met = sum(weight * agreements[trait] for trait, weight in WEIGHTS.items() if trait in agreements)
    return met / known * (1 + known) / 2


def _uncertain(score: float, traits: Mapping[str, float]) -> Grade:
    has_needed = all(traits.get(trait) for trait in NEEDED)
    if score >= PROBABLE and has_needed and CONTRARY not in traits.values():
        return Grade.probable
    return Grade.possible if score >= POSSIBLE else Grade.certainly_not
