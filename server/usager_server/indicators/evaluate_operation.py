"""Measure/$evaluate-measure: an indicator is computed now, as a MeasureReport or as a file; nothing is stored."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from usager_server.errors import Forbidden, Invalid, NotFound
from usager_server.indicators.indicator import Asked, Indicator
from usager_server.interactions.finding import fetch
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, now
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import flag_of, given, text_of
from usager_server.search.dates import date_range

DAYS_MOST, ACTIVE_DAYS, ACTIVE_DAYS_MOST = 1_830, 30, 366
TYPES = ("population", "summary")
FILES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# A statement may hold a connection for a minute, and a process has ten: those who wait for a report hold none.
REPORTS_AT_ONCE = 2
_at_once = asyncio.Semaphore(REPORTS_AT_ONCE)

DEFINITION = operation_definition(
    "evaluate-measure",
    "Computes an indicator over a period, for a structure (an Organization, FINESS ET) or for the whole organisation, "
    "and answers with a MeasureReport of type summary, or with the same numbers as a file. Nothing is stored: what "
    "shall be kept is created as a MeasureReport. Days are those of UTC.",
    levels=["type", "instance"],
    resource=["Measure"],
    parameters=[
        parameter("measure", "string", "At the level of the type: the id or the canonical of the Measure"),
        parameter("periodStart", "date", "The first day, month or year of the period", least=1),
        parameter("periodEnd", "date", "The last day, month or year of the period, which it takes in whole", least=1),
        parameter("subject", "string", "Organization/[id]; without it the whole organisation, for who may see it all"),
        parameter("reportType", "code", "population, which gives a report of type summary: there is no other"),
        parameter("activeDays", "integer", f"A dossier is active when written in within so many days; {ACTIVE_DAYS}"),
        parameter("includeTests", "boolean", "Whether test identities count: they do not unless it says so"),
        parameter("format", "code", "csv | json: the numbers as a file, in the place of the MeasureReport"),
        parameter("return", "MeasureReport", "The report", use="out", least=1),
    ],
)


def evaluate_measure(indicators: Sequence[Indicator]) -> Operation:
    """Return the operation for these indicators."""
    by_name = {name: it for it in indicators for name in (it.measure["id"], it.measure["url"])}

    async def handle(session: Session, request: OperationRequest) -> Reply:
        """Answer with the report.

        Errors  NotFound (404): no such indicator, or Organization; Invalid (400): a period or a parameter that is none;
                Forbidden (403): a structure that the caller does not work in; TooCostly (403) when it takes too long.
        """
        from usager_server.indicators.files import csv_of, json_of  # asked for seldom, and never at a start
        from usager_server.indicators.reporting import report_of

        indicator = _chosen(by_name, request)
        asked, file = _asked(session, request), _file(request)
        structure = await _structure(session, asked.organization)
        async with _at_once:
            figures = await indicator.evaluate(session, asked)
        report = report_of(indicator, asked, figures, structure, now())
        if file is None:
            return Reply(resource=report)
        content = (csv_of if file == "csv" else json_of)(report, indicator.report)
        headers = _named(indicator, structure, asked, file)
        return Reply(content=content, content_type=FILES[file], raw=True, headers=headers)

    return Operation(DEFINITION, handle, needs={"Patient": "s", "Organization": "r"}, stands_alone=True)


def _chosen(by_name: Mapping[str, Indicator], request: OperationRequest) -> Indicator:
    name = request.resource_id or text_of(request, "measure").removeprefix("Measure/").partition("|")[0]
    if name not in by_name:
        known = ", ".join(sorted({it.measure["id"] for it in by_name.values()}))
        raise NotFound(f"There is no indicator {name[:80]!r} here; there are: {known}")
    return by_name[name]


def _asked(session: Session, request: OperationRequest) -> Asked:
    start, end = _bound(request, "periodStart", 0), _bound(request, "periodEnd", 1)
    if not timedelta() < end - start <= timedelta(days=DAYS_MOST):
        raise Invalid(f"The period ends after it starts, within {DAYS_MOST} days", "periodEnd", code="value")
    if given(request, "reportType") is not None:
        text_of(request, "reportType", TYPES)
    days = given(request, "activeDays")
    if days is not None and (not isinstance(days, int) or not 1 <= days <= ACTIVE_DAYS_MOST):
        raise Invalid(f"activeDays is a whole number from 1 to {ACTIVE_DAYS_MOST}", "activeDays", code="value")
    organization = _seen(session, _organization(request))
    return Asked(start, end, organization, days or ACTIVE_DAYS, flag_of(request, "includeTests") or False)


def _bound(request: OperationRequest, name: str, which: int) -> datetime:
    text = text_of(request, name)
    found = date_range(text) if len(text) <= len("YYYY-MM-DD") else None
    try:
        if found is None:
            raise ValueError(text)
        return EPOCH + timedelta(microseconds=found[which])
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{name} is YYYY, YYYY-MM or YYYY-MM-DD, not {text[:40]!r}", name, code="value") from error


def _organization(request: OperationRequest) -> str | None:
    if given(request, "subject") is None:
        return None
    kind, _, key = text_of(request, "subject").partition("/")
    if kind != "Organization" or not key or "/" in key:
        raise Invalid("subject is Organization/[id]: reports are about structures", "subject", code="value")
    return key


def _seen(session: Session, organization: str | None) -> str | None:
    """Return whom the report is about, as far as the caller may see it.

    Shape   who works in one structure need not name it.
    Errors  Forbidden (403): another structure than theirs, all of them, or a scope that shows one person's record only.
    """
    if session.reach is None:
        return organization
    grant = session.caller.grant
    if not session.reach.permits_beyond("Patient", "s"):
        raise Forbidden("A report is about many persons: it takes a scope such as user/Patient.s or system/Patient.s")
    if grant.structures is None:
        return organization
    if organization is None and len(grant.structures) == 1:
        return next(iter(grant.structures))
    if organization is None:
        raise Forbidden("Only who may see the whole organisation asks without subject: name one of your structures")
    if organization not in grant.structures:
        raise Forbidden("This report is about a structure that you do not work in")
    return organization


async def _structure(session: Session, organization: str | None) -> dict[str, Any] | None:
    from usager_server.indicators.files import finess_of

    if organization is None:
        return None
    found = await fetch(session, "Organization", organization)
    reference: dict[str, Any] = {"reference": f"Organization/{organization}"}
    finess = finess_of(found)
    if finess is not None and finess.get("value"):
        reference["identifier"] = {"system": finess["system"], "value": finess["value"]}
    return reference | ({"display": found["name"]} if found.get("name") else {})


def _file(request: OperationRequest) -> str | None:
    return None if given(request, "format") is None else text_of(request, "format", tuple(FILES))


def _named(indicator: Indicator, structure: Mapping[str, Any] | None, asked: Asked, file: str) -> dict[str, str]:
    finess = (structure or {}).get("identifier", {}).get("value", "")
    parts = [indicator.report, finess if finess.isalnum() and finess.isascii() else "", f"{asked.start:%Y%m%d}"]
    name = "_".join(filter(None, parts))
    return {"Content-Disposition": f'attachment; filename="{name}.{file}"'}
