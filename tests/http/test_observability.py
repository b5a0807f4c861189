"""The id, the count and the line of every request; and what never gets into a log."""

import io
import json
import logging
from typing import Any

import pytest
import structlog

from usager_server.http.exposition import metrics_text
from usager_server.http.metrics import SharedTally, Tally
from usager_server.http.observability import Observed, exchange_of
from usager_server.http.tracing import Tracer
from usager_server.logs import masked, set_up_logs, where_it_failed


async def answering(scope: Any, receive: Any, send: Any) -> None:
    """Answer 404 to a read, as the door would."""
    exchange = exchange_of(scope)
    exchange.interaction, exchange.type = "read", "Patient"
    await send({"type": "http.response.start", "status": 404, "headers": [(b"etag", b'W/"1"')]})
    await send({"type": "http.response.body", "body": b""})


async def failing(scope: Any, receive: Any, send: Any) -> None:
    """Fail before answering."""
    raise ValueError("no")


@pytest.fixture
def stream() -> io.BytesIO:
    """Where the lines of requests go."""
    return io.BytesIO()


async def ask(app: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> dict[str, Any]:
    """Ask for a resource and return the start of the answer."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/fhir/Patient/dupont",
        "headers": headers,
        "query_string": b"a=b",
    }
    await app(scope, None, send)
    return sent[0]


async def test_every_answer_bears_the_id_of_its_request():
    app = Observed(answering, SharedTally())
    ids = {dict((await ask(app))["headers"])[b"x-request-id"] for _ in range(3)}
    assert len(ids) == 3


async def test_the_id_of_the_caller_is_kept():
    start = await ask(Observed(answering, SharedTally()), ((b"x-request-id", b"front-42"),))
    assert dict(start["headers"])[b"x-request-id"] == b"front-42"


@pytest.mark.parametrize("unsound", [b"a b", b"x" * 65, b'"}', b""])
async def test_an_unsound_id_of_the_caller_is_replaced(unsound):
    start = await ask(Observed(answering, SharedTally()), ((b"x-request-id", unsound),))
    assert dict(start["headers"])[b"x-request-id"] != unsound


async def test_a_line_says_what_was_asked_and_of_nobody(stream):
    await ask(Observed(answering, SharedTally(), stream=stream))
    line = json.loads(stream.getvalue())
    assert (line["interaction"], line["type"], line["route"]) == ("read", "Patient", "/fhir/{type}/{id}")
    assert (line["method"], line["status"]) == ("GET", 404)
    assert line["ms"] >= 0
    assert "dupont" not in json.dumps(line)


async def test_a_request_that_fails_is_counted_as_500():
    tally = SharedTally()
    with pytest.raises(ValueError, match="no"):
        await ask(Observed(failing, tally))
    assert tally.own.requests == {("other", "", 500): 1}


def test_counts_of_other_workers_are_added(tmp_path):
    ours, theirs = SharedTally(tmp_path), Tally()
    ours.own.add("read", "Patient", 200, 0.002)
    theirs.add("read", "Patient", 200, 0.2)
    (tmp_path / "other.json").write_text(theirs.as_text())
    assert ours.total().requests == {("read", "Patient", 200): 2}


def test_times_are_cumulative_buckets():
    tally = Tally()
    for seconds in (0.0005, 0.003, 99):
        tally.add("read", "Patient", 200, seconds)
    text = metrics_text(tally, {"database_connections_open": 3}).decode()
    assert 'usager_request_seconds_bucket{interaction="read",le="0.001"} 1.0' in text
    assert 'usager_request_seconds_bucket{interaction="read",le="0.005"} 2.0' in text
    assert 'usager_request_seconds_bucket{interaction="read",le="+Inf"} 3.0' in text
    assert "usager_database_connections_open 3.0" in text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("GET /fhir/Patient/dupont-zoe failed", "dupont-zoe"),
        ("GET /fhir/Patient?name=dupont&birthdate=1941 failed", "dupont"),
        ("Authorization: Bearer 0123456789abcdef", "0123456789abcdef"),
        ("postgresql://usager_app:hush@db/usager", "hush"),
        ("DETAIL: Key (tenant, id)=(1, dupont) already exists", "dupont"),
        ("INS 283069912345678 is unknown", "283069912345678"),
    ],
)
def test_what_names_a_person_or_opens_a_door_is_masked(text, hidden):
    assert hidden not in masked(text)
    assert "***" in masked(text)


def test_what_is_said_goes_to_standard_output_alone(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = {name: list(logging.getLogger(name).handlers) for name in ("", *logging.root.manager.loggerDict)}
    try:
        set_up_logs("info")
        structlog.get_logger("ours").info("said by us")
        made = [it for name in before for it in logging.getLogger(name).handlers if it not in before[name]]
        assert [type(it) for it in made] == [logging.StreamHandler]
        logging.getLogger("a.library").warning("said by a library")
    finally:
        for name, handlers in before.items():
            logging.getLogger(name).handlers[:] = handlers
        structlog.reset_defaults()
    out, err = capsys.readouterr()
    assert "said by us" in out and "said by a library" in out
    assert (err, list(tmp_path.iterdir())) == ("", [])


def test_a_traceback_says_where_and_never_of_whom():
    family, number = "dur" + "and", "28306" + "9912345678"
    try:
        try:
            float(family)
        except ValueError as error:
            raise KeyError(number) from error
    except KeyError as error:
        text = where_it_failed((KeyError, error, error.__traceback__))
    assert family not in text
    assert number not in text
    assert text.count("test_observability.py") == 2
    assert text.endswith("KeyError")


def test_ordinary_texts_stay_as_they_are():
    text = 'File "/srv/usager_server/http/routes.py", line 42, in __call__'
    assert masked(text) == text


async def test_a_span_bears_the_interaction_and_no_id():
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    tracer = Tracer("http://127.0.0.1:4318/v1/traces", "0", exporter)
    await ask(Observed(answering, SharedTally(), tracer=tracer))
    tracer.close()
    [span] = exporter.get_finished_spans()
    assert span.name == "read Patient"
    assert "dupont" not in span.to_json()
