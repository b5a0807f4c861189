"""Recording acts in the transaction of the act: both are kept, or neither."""

from collections.abc import Sequence

from usager_server.errors import Conflict
from usager_server.repository.columns import Placeholders
from usager_server.repository.creating import TENANT
from usager_server.repository.postgres_errors import is_row_number_taken
from usager_server.repository.running import Runner
from usager_server.repository.trace_rows import insert_traces, trace_arguments
from usager_server.traces.event import Event
from usager_server.traces.kinds import KINDS

# By how many arguments the traces take.
RECORD = {number: f"WITH {TENANT}, {insert_traces(Placeholders(), number)} SELECT FROM t" for number in (1, 2)}


async def record(runner: Runner, events: Sequence[Event]) -> None:
    """Store traces, in one statement.

    Shape   runner is that of the act's own transaction (`Runner.transaction`), so that both are kept or neither; with
            one that holds no transaction, the traces are kept at once.
    Errors  KeyError for a kind that is not in `KINDS`; Unavailable (503): the act must not go on.
    """
    for event in events:
        KINDS[event.kind]
    if not events:
        return
    try:
        await _stored(runner, events)
    except Conflict as refusal:
        if runner.held is not None or not is_row_number_taken(refusal.__cause__):
            raise
        await _stored(runner, events)


async def _stored(runner: Runner, events: Sequence[Event]) -> None:
    arguments = trace_arguments(events)
    await runner.rows(RECORD[len(arguments)], *arguments, again=False)
