"""On HL7's examples: search parameters give what fhirpathpy gives, and the invariants hold."""

import json
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from fhirpathpy import compile as oracle_compile
from fhirpathpy.models import models

from tests.proofs.npm import package
from usager_server.definitions import Definitions, Invariant
from usager_server.fhirpath import Node, compile
from usager_server.fhirpath.navigation import children

TYPES = [
    *("Account", "ActivityDefinition", "AllergyIntolerance", "Appointment", "CarePlan", "Claim", "Composition"),
    *("Condition", "Consent", "DiagnosticReport", "DocumentReference", "Encounter", "Goal", "Group", "Immunization"),
    *("Medication", "MedicationRequest", "Observation", "Patient", "Practitioner", "Procedure", "Questionnaire"),
    *("QuestionnaireResponse", "ServiceRequest", "Task"),
]
EACH = 2

# sdf-4 asks every structure for a base, which HL7's logical models have not.
BROKEN_BY_HL7 = {("sdf-4", name) for name in ("Definition", "Event", "FiveWs", "Request")}
# dom-3 looks at the whole resource for each contained one, ele-1 at every element: the validator does both in one pass.
NOT_HERE = {"dom-3", "ele-1"}
LARGEST_BYTES = 200_000


@pytest.fixture(scope="module")
def examples() -> Path:
    return package("hl7.fhir.r4.examples", "4.0.1")


@pytest.mark.parametrize("resource_type", TYPES)
def test_search_parameters_give_what_fhirpathpy_gives(
    definitions: Definitions, examples: Path, resource_type: str
) -> None:
    resources = [json.loads(path.read_bytes()) for path in islice(sorted(examples.glob(f"{resource_type}-*")), EACH)]
    for expression in _expressions(definitions, resource_type):
        ours, theirs = compile(expression, definitions), oracle_compile(expression, models["r4"])
        for resource in resources:
            assert [node.value for node in ours.evaluate(resource)] == theirs(resource, None), expression


def _expressions(definitions: Definitions, resource_type: str) -> Iterator[str]:
    for parameter in definitions.search_parameters:
        for part in parameter.expression.split(" | ") if resource_type in parameter.bases else ():
            if part.startswith(f"{resource_type}.") and "resolve()" not in part:
                yield part


def test_the_invariants_hold_for_the_examples(definitions: Definitions, examples: Path) -> None:
    compiled = lru_cache(lambda expression: compile(expression, definitions))
    broken = set()
    for path in sorted(examples.glob("*-*.json"))[::5]:
        if path.stat().st_size > LARGEST_BYTES:
            continue
        resource = json.loads(path.read_bytes())
        for node, invariant in _applicable(Node(resource, resource["resourceType"]), definitions):
            if compiled(invariant.expression).truth(node) is False:
                broken.add((invariant.key, resource.get("name")))
    assert broken <= BROKEN_BY_HL7


def _applicable(node: Node, definitions: Definitions) -> Iterator[tuple[Node, Invariant]]:
    own = definitions.types[node.type].invariants if node.type in definitions.types else ()
    placed: Any = definitions.property_map(node.parent.type).get(node.key or "") if node.parent else None
    for invariant in (*own, *(placed[0].invariants if placed else ())):
        if invariant.severity == "error" and invariant.key not in NOT_HERE:
            yield node, invariant
    for child in children(node, definitions):
        yield from _applicable(child, definitions)
