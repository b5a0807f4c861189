"""The logs: one JSON object a line on standard output, without any person in them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from traceback import format_tb
from typing import Any

import orjson
import structlog

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}

# What may name a person or open a door, wherever a library's message or a traceback carries it.
SECRETS = re.compile(
    r"""(?P<bearer>\bBearer\s+)\S+                  # a token
    | (?P<password>://[^\s:/@]*:)[^\s@]+(?=@)       # a password in an address
    | (?P<query>\?)[\w.:%-]+=[^\s"'<>]*             # a query string
    | (?P<key>\bKey\s*\([^)]*\)=)\([^)]*\)          # the values in a PostgreSQL detail
    | (?P<type>\b[A-Z][a-z][A-Za-z]{2,40}/)[A-Za-z0-9.-]{1,64}(?![A-Za-z0-9.-]*\()  # Type/id of a resource
    | \b\d{13,15}\b                                 # an INS""",
    re.VERBOSE,
)

CAUSES_SHOWN = 10

Event = MutableMapping[str, Any]


class StandardOutput:
    """Whatever standard output is when something is said: it may be another one than at the start."""

    def write(self, line: bytes | str) -> int:
        """Write a text or its bytes."""
        return sys.stdout.buffer.write(line) if isinstance(line, bytes) else sys.stdout.write(line)

    def flush(self) -> None:
        """Send it on."""
        sys.stdout.flush()


def set_up_logs(level: str = "info", form: str = "json") -> None:
    """Send every log of this process, the libraries' included, through one chain; again to change the level."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(where_it_failed),
        redact,
    ]
    text = form == "text"
    output: Any = StandardOutput()
    structlog.configure(
        processors=[*shared, structlog.dev.ConsoleRenderer()] if text else [*shared, _render_bytes],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(output) if text else structlog.BytesLoggerFactory(output),
        cache_logger_on_first_use=True,
    )
    _capture_libraries(LEVELS[level], shared, structlog.dev.ConsoleRenderer() if text else _render_text)


def where_it_failed(exc_info: structlog.typing.ExcInfo) -> str:
    """Return the traceback of an exception and of what led to it, without their messages.

    Messages hold values, which no pattern finds: "could not convert string to float: 'Durand'". Those of the system and
    of imports are ours.
    """
    pieces: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(pieces) < CAUSES_SHOWN:
        message = f": {error}" if isinstance(error, OSError | ImportError) else ""
        pieces.append(f"{''.join(format_tb(error.__traceback__))}{type(error).__qualname__}{message}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nfollowed by\n".join(reversed(pieces))


def redact(_logger: Any, _method: str, event: Event) -> Event:
    """Mask what may name a person or open a door in every text of an event."""
    for key, value in event.items():
        if isinstance(value, str) and ("/" in value or " " in value or len(value) > 12):
            event[key] = masked(value)
    return event


def masked(text: str) -> str:
    """Return a text with the values of tokens, passwords, queries, keys, ids and national numbers replaced."""
    return SECRETS.sub(lambda found: f"{found.group(found.lastgroup) if found.lastgroup else ''}***", text)


def _render_bytes(_logger: Any, _method: str, event: Event) -> bytes:
    return orjson.dumps(event, default=repr)


def _render_text(logger: Any, method: str, event: Event) -> str:
    return _render_bytes(logger, method, event).decode()


def _capture_libraries(level: int, shared: list[Any], renderer: Any) -> None:
    handler = logging.StreamHandler(StandardOutput())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.INFO))
