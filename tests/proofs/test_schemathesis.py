"""schemathesis on the OpenAPI of the running server: whatever it thinks of, no answer is a 500."""

import os
import warnings
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from tests.live import LiveServer
from tests.proofs.corpus import FULL

EXAMPLES = 100 if FULL else 12

pytestmark = [pytest.mark.timeout(1800 if FULL else 240)]


@pytest.fixture(scope="module")
def schema(server: LiveServer) -> Any:
    """The schema as the server gives it."""
    return schemathesis.openapi.from_url(f"{server.root}/openapi.json")


def operations(schema: Any) -> list[Any]:
    """Return the operations to try: all in full, else one path of each form."""
    every = [found.ok() for found in schema.get_all_operations()]
    if FULL:
        return every
    forms: dict[tuple[str, str], Any] = {}
    for operation in every:
        form = operation.path.replace("Observation", "Patient")
        forms.setdefault((operation.method, form), operation)
    return list(forms.values())


def test_no_generated_request_is_answered_500(server: LiveServer, schema: Any) -> None:
    failures: list[str] = []
    tried = 0

    for operation in operations(schema):

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=os.environ.get("USAGER_TEST_SEED") is None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            nonlocal tried
            tried += 1
            answer = case.call(timeout=30)
            if answer.status_code >= 500 and answer.status_code != 503:
                failures.append(f"{case.as_curl_command()}: {answer.status_code} {answer.text[:300]}")

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ask()
    print(f"\n{tried} requests to {len(operations(schema))} operations")
    assert failures == []
    assert tried > 100
