"""The text of a trace: all that its columns do not hold, as JSON; written once, chained and kept as it is."""

from typing import Any

import orjson

from usager_server.traces.event import Event

QUERY_LIMIT = 4_000


def body_of(event: Event) -> str:
    """Return the body of a trace: what is empty is left out.

    Shape   at (an instant), client, session, address, request, patients when there are several, query, found, detail.
    """
    origin = event.origin
    body: dict[str, Any] = {"at": event.at}
    if origin.client:
        body["client"] = origin.client
    if origin.session:
        body["session"] = origin.session
    if origin.address:
        body["address"] = origin.address
    if origin.request_id:
        body["request"] = origin.request_id
    if len(event.patients) > 1:
        body["patients"] = event.patients
    if event.query:
        body["query"] = event.query[:QUERY_LIMIT]
    if event.found is not None:
        body["found"] = event.found
    if event.detail:
        body["detail"] = event.detail
    return orjson.dumps(body, option=orjson.OPT_UTC_Z, default=str).decode()
