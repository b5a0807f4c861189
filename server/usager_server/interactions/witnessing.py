"""The trace that an interaction leaves of what it shows; what it writes is traced with the write (`repository/`)."""

from usager_server.errors import FHIRError
from usager_server.interactions.request import Request
from usager_server.interactions.session import Interaction, Reply, Session
from usager_server.jsontext import build_json
from usager_server.traces.act import Act, query_text
from usager_server.traces.event import FAILED, REFUSED, SUCCESS

# How many entries an answer has is counted by what each of them holds once.
MARKS = {
    "search_type": '"search":{"mode":"match"',
    "search_compartment": '"search":{"mode":"match"',
    "search_system": '"search":{"mode":"match"',
    "history_instance": '"response":{"status":',
    "history_type": '"response":{"status":',
    "history_system": '"response":{"status":',
    "batch": '"response":{"status":',
    "transaction": '"response":{"status":',
}
VERSIONS = frozenset(("create", "update", "patch", "delete"))
KIND_OF = {
    "bundle": "transaction",
    "conditional_delete": "delete",
    "conditional_patch": "patch",
    "conditional_update": "update",
    "operation_by_get": "operation",
}


def kind_of(interaction: str) -> str:
    """Return the kind of act that an interaction is, by its name in the table of addresses."""
    return KIND_OF.get(interaction, interaction)


async def witnessed(interaction: Interaction, session: Session, request: Request) -> Reply:
    """Run an interaction, and trace what it is about to show, or that it was refused, before anyone is answered.

    Shape   a write whose version is traced already, in its own transaction, leaves nothing more; nor does a read that
            was traced by the statement that found what it shows.
    Errors  Unavailable (503) when the trace cannot be kept: then nothing is shown.
    """
    act = session.act
    if act is None:
        return await interaction(session, request)
    try:
        reply = await interaction(session, request)
    except FHIRError as error:
        outcome = REFUSED if error.status < 500 else FAILED
        await session.repository.record([act.shown("", query=_asked(act, request), outcome=outcome)])
        raise
    except Exception:
        await session.repository.record([act.shown("", query=_asked(act, request), outcome=FAILED)])
        raise
    if not act.is_told and not (act.versions and act.kind in VERSIONS):
        await _trace(session, act, request, reply)
    return reply


async def _trace(session: Session, act: Act, request: Request, reply: Reply) -> None:
    text = reply.document or ""
    if reply.resource is not None:
        text = build_json(reply.resource).decode()
    mark = MARKS.get(act.kind)
    event = act.shown(
        text,
        version=reply.version,
        query=_asked(act, request),
        found=text.count(mark) if mark else None,
        outcome=SUCCESS if reply.status < 400 else REFUSED,
    )
    await session.repository.record([event])


def _asked(act: Act, request: Request) -> str:
    """Return what was asked as a query string: that of the form, when the search is a POST."""
    return query_text(act.asked or request.query)
