"""A validator of R4 and of FR Core, and small valid resources to break."""

from collections.abc import Callable
from typing import Any

import pytest

from usager_server.definitions import Definitions
from usager_server.errors import Issue
from usager_server.validation.structure import Structure
from usager_server.validation.validator import HouseValidator

Check = Callable[[dict[str, Any]], list[Issue]]


@pytest.fixture(scope="session")
def structure(definitions: Definitions) -> Structure:
    """What checks R4 itself."""
    return Structure(definitions)


@pytest.fixture(scope="session")
def validator(definitions: Definitions) -> HouseValidator:
    """What the server uses: R4 and FR Core."""
    return HouseValidator(definitions)


@pytest.fixture(scope="session")
def check(structure: Structure) -> Check:
    """Check one resource against R4."""
    return structure.check


@pytest.fixture
def patient() -> dict[str, Any]:
    """A valid Patient, small."""
    return {
        "resourceType": "Patient",
        "id": "p1",
        "active": True,
        "name": [{"use": "official", "family": "ADRUN", "given": ["ZOE", "ANNE"]}],
        "gender": "female",
        "birthDate": "1975-12-31",
        "managingOrganization": {"reference": "Organization/o1"},
    }


@pytest.fixture
def observation() -> dict[str, Any]:
    """A valid Observation, small."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "weight"},
        "subject": {"reference": "Patient/p1"},
        "valueQuantity": {"value": 61, "unit": "kg"},
    }
