"""HL7's examples: accepted when valid, and never accepted when fhir.resources refuses a mutation of them."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.proofs.npm import package
from tests.validation.mutations import mutated
from usager_server.errors import Invalid
from usager_server.jsontext import build_json, parse_json
from usager_server.resources import model
from usager_server.validation.structure import Structure

LARGEST_BYTES = 40_000
PER_TYPE = 2
MUTATIONS = 6

# Elements that R4B rewrote: its models judge another type than ours.
REWRITTEN = frozenset({"Evidence", "EvidenceVariable", "ResearchElementDefinition"})


@pytest.fixture(scope="module")
def sample() -> list[Path]:
    """Some small examples of each type, always the same."""
    by_type: dict[str, list[Path]] = {}
    for path in sorted(package("hl7.fhir.r4.examples", "4.0.1").glob("[A-Z]*.json")):
        if path.stat().st_size < LARGEST_BYTES:
            by_type.setdefault(path.name.partition("-")[0], []).append(path)
    return [path for group in by_type.values() for path in group[:PER_TYPE]]


def test_what_fhir_resources_refuses_is_refused(structure: Structure, sample: list[Path]) -> None:
    randomness = random.Random(11)  # noqa: S311  # the same mutations each time
    compared = 0
    for path in sample:
        tree = parse_json(path.read_bytes())
        kind = tree["resourceType"]
        if kind in REWRITTEN or structure.check(tree) or not _accepts(kind, tree):
            continue
        for _ in range(MUTATIONS):
            label, mutant = mutated(tree, randomness)
            compared += 1
            if structure.check(mutant) == []:
                assert _accepts(kind, mutant), (path.name, label)
    assert compared > 1_000


def _accepts(kind: str, tree: Any) -> bool:
    try:
        model(kind).model_validate(json.loads(build_json(tree)))
    except (ValueError, TypeError):
        return False
    except Invalid:
        return True
    return True
