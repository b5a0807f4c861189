"""The commands about traces: is the chain whole, and what happened."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TextIO

import typer

if TYPE_CHECKING:
    from usager_server.settings import Settings
    from usager_server.traces.export import Form
    from usager_server.traces.record import TraceQuery
    from usager_server.traces.verifying import Verdict

FAILED = 1
STATEMENT_SECONDS = 60
PAGE = 1_000


def verify(
    tenant: Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="One organisation only, by number.")] = None,
) -> None:
    """Verify the chain of traces, link by link, and against the anchors kept outside the database.

    Exit codes: 0 nothing is wrong; 1 a trace was altered, is missing, is not in its place or has no link, or an anchor
    does not agree; 2 wrong settings; 3 the database is missing.
    """
    from usager_server.environment import load_settings
    from usager_server.repository.opening import running
    from usager_server.traces.anchors import BadAnchors

    settings = load_settings()
    try:
        with running(settings) as found:
            verdicts = asyncio.run(_verify(settings, found.url, tenant))
    except BadAnchors as error:
        typer.echo(f"usager: {error}", err=True)
        raise typer.Exit(FAILED) from error
    for verdict in verdicts:
        for finding in (*verdict.lost, *filter(None, [verdict.begins]), *verdict.findings):
            typer.echo(f"tenant {verdict.tenant}: {finding}")
        state = f"{verdict.wrong} wrong" if verdict.wrong else "whole"
        typer.echo(f"tenant {verdict.tenant}: {verdict.links} links, {verdict.anchors} anchors: {state}")
    raise typer.Exit(FAILED if any(verdict.wrong for verdict in verdicts) else 0)


def export(
    file: Annotated[Path | None, typer.Argument(help="Where to write; otherwise to standard output.")] = None,
    start: Annotated[datetime | None, typer.Option(help="From this instant on (UTC).")] = None,
    end: Annotated[datetime | None, typer.Option(help="Before this instant (UTC).")] = None,
    patient: Annotated[str | None, typer.Option(help="Only what concerns this Patient, by its id.")] = None,
    agent: Annotated[
        str | None, typer.Option(help="Only what this person did: Practitioner/id, or the name of an account.")
    ] = None,
    origin: Annotated[
        Literal["dmp", "mss"] | None, typer.Option(help="Only accesses to documents that came from there.")
    ] = None,
    form: Annotated[Literal["ndjson", "csv"], typer.Option("--format", help="AuditEvents, or a table.")] = "ndjson",
    tenant: Annotated[int, typer.Option(min=1, max=2**31 - 1, help="The number of the organisation.")] = 1,
) -> None:
    """Write the traces of a period, a person or a professional, newest first. The extraction is traced itself."""
    from usager_server.environment import load_settings
    from usager_server.repository.opening import running
    from usager_server.traces.origins import From
    from usager_server.traces.record import TraceQuery, row_at

    query = TraceQuery(patient=patient, subject=agent, origin=From(origin) if origin else None, count=PAGE)
    if start is not None:
        query = replace(query, first=row_at(_microseconds(start)))
    if end is not None:
        query = replace(query, before=row_at(_microseconds(end)))
    settings = load_settings()
    with running(settings) as found:
        count = asyncio.run(_export(settings, found.url, tenant, query, form, file))
    typer.echo(f"{count} traces", err=True)


async def _verify(settings: "Settings", url: str, tenant: int | None) -> "list[Verdict]":
    from usager_server.repository.behind import tenant_numbers
    from usager_server.repository.connections import Connections
    from usager_server.repository.running import Runner
    from usager_server.repository.trace_verifying import verified
    from usager_server.repository.tracing import record
    from usager_server.traces.anchors import read_anchors, signing_key
    from usager_server.traces.event import Event
    from usager_server.traces.operator import operator

    anchors = read_anchors(settings.audit_anchors, signing_key(settings.audit_key))
    verdicts = []
    connections = Connections(url, size=1, statement_timeout_seconds=STATEMENT_SECONDS)
    try:
        for number in [tenant] if tenant else await tenant_numbers(connections):
            runner = Runner(connections, number)
            verdict = await verified(runner, anchors)
            detail = {"links": verdict.links, "wrong": verdict.wrong}
            await record(runner, [Event("traces-verified", operator("audit verify"), detail=detail)])
            verdicts.append(verdict)
    finally:
        await connections.close()
    return verdicts


async def _export(
    settings: "Settings", url: str, tenant: int, query: "TraceQuery", form: "Form", file: Path | None
) -> int:
    from usager_server.repository.connections import Connections
    from usager_server.repository.running import Runner
    from usager_server.repository.trace_reading import all_traces
    from usager_server.repository.tracing import record
    from usager_server.traces.event import Event
    from usager_server.traces.export import asked, header, lines
    from usager_server.traces.operator import operator

    base_url = settings.base_url or f"http://{settings.host}:{settings.port}/fhir"
    patients = (query.patient,) if query.patient else ()
    count = 0
    out = sys.stdout if file is None else await asyncio.to_thread(_opened, file)
    connections = Connections(url, size=1, statement_timeout_seconds=STATEMENT_SECONDS)
    try:
        runner = Runner(connections, tenant)
        # Before the first line is written: no extraction without its trace.
        event = Event("traces-exported", operator("audit export"), patients=patients, detail=asked(query, form))
        await record(runner, [event])
        out.write(header(form))
        async for traces in all_traces(runner, query):
            out.write(lines(traces, form, base_url))
            count += len(traces)
    finally:
        await connections.close()
        out.flush() if file is None else out.close()
    return count


def _opened(file: Path) -> TextIO:
    """Open a file to be written, a new one for its owner's eyes only: what was searched for stands in it."""
    file.touch(mode=0o600)
    return file.open("w", encoding="utf-8", newline="")


def _microseconds(instant: datetime) -> int:
    return int(instant.replace(tzinfo=UTC).timestamp() * 1_000_000)
