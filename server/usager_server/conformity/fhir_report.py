"""A record as a FHIR TestReport: one test for each step, one action for each exchange and each check."""

from collections.abc import Iterator
from typing import Any

from usager_server import __version__
from usager_server.conformity.record import Check, Exchange, Record, Step, Verdict
from usager_server.conformity.target import Software

SCENARIO_SYSTEM = "urn:usager:scenario"
RESULTS = {Verdict.PASSED: "pass", Verdict.FAILED: "fail", Verdict.NOT_RUN: "pending"}


def fhir_report(record: Record, software: Software, base_url: str) -> dict[str, Any]:
    """Return the TestReport of a record. Source: FHIR R4 testreport.html."""
    checks = [check for step in record.steps for check in step.checks]
    report: dict[str, Any] = {
        "resourceType": "TestReport",
        "identifier": {"system": SCENARIO_SYSTEM, "value": record.scenario.name},
        "name": record.scenario.title,
        "status": "waiting" if record.verdict is Verdict.NOT_RUN else "completed",
        "testScript": {
            "identifier": {"system": SCENARIO_SYSTEM, "value": record.scenario.name},
            "display": f"{', '.join(record.scenario.ids)} : {record.scenario.title}",
        },
        "result": RESULTS[record.verdict],
        "tester": f"usager conformity {__version__}",
        "issued": record.started.isoformat(timespec="milliseconds"),
        "participant": [
            {"type": "test-engine", "uri": "urn:usager:conformity", "display": f"usager conformity {__version__}"},
            {"type": "server", "uri": base_url, "display": f"{software.name} {software.version}"},
        ],
    }
    if checks:
        report["score"] = round(100 * sum(check.passed for check in checks) / len(checks), 1)
    tests = [test for step in record.steps if (test := _test(step))["action"]]
    if record.failure:
        tests.append({"name": "Démarrage", "action": [{"assert": {"result": "error", "message": record.failure}}]})
    return report | ({"test": tests} if tests else {})


def _test(step: Step) -> dict[str, Any]:
    return {"name": step.title, "action": list(_actions(step))}


def _actions(step: Step) -> Iterator[dict[str, Any]]:
    for event in step.events:
        yield {"operation": _operation(event)} if isinstance(event, Exchange) else {"assert": _assertion(event)}
    if step.failure:
        yield {"assert": {"result": "error", "message": step.failure}}


def _operation(exchange: Exchange) -> dict[str, Any]:
    told = f"{exchange.method} {exchange.url} : {exchange.status or exchange.error}"
    return {"result": "error" if exchange.error else "pass", "message": told}


def _assertion(check: Check) -> dict[str, Any]:
    found = f" (constaté : {check.found})" if check.found else ""
    return {"result": "pass" if check.passed else "fail", "message": f"{check.text}{found}"}
