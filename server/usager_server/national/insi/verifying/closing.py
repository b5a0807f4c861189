"""Ends the Tasks about an answer that was lost, once INSi has answered about the same person."""

from collections.abc import Sequence
from dataclasses import replace

from usager_server.interactions.checks import check_resource
from usager_server.interactions.finding import find
from usager_server.interactions.session import Session, instant_text, now
from usager_server.interactions.writing import new_draft
from usager_server.jsontext import parse_json
from usager_server.national.insi.verifying.words import SYSTEM, Outcome

OPEN = ("requested", "received", "accepted", "ready", "in-progress", "on-hold")


async def close_unanswered(session: Session, patients: Sequence[str]) -> None:
    """Complete the open Tasks that ask for the verification which these people have now had, inside a transaction.

    The server ends what it opened, whether or not the caller may write Tasks.
    """
    own = replace(session, repository=session.repository.whole)
    criteria = [
        ("patient", ",".join(f"Patient/{each}" for each in patients)),
        ("code", f"{SYSTEM}|verification"),
        ("business-status", f"{SYSTEM}|{Outcome.unanswered}"),
        ("status", ",".join(OPEN)),
    ]
    if patients:
        for task_id in [str(task["id"]) async for task in find(own, "Task", criteria)]:
            await _complete(own, task_id)


async def _complete(session: Session, task_id: str) -> None:
    await session.repository.lock([("Task", task_id)])
    stored = await session.repository.read("Task", task_id)
    task = None if stored is None or stored.document is None else parse_json(stored.document.encode())
    if stored is None or task is None or task["status"] not in OPEN:
        return  # somebody ended it meanwhile
    done = {**task, "status": "completed", "lastModified": instant_text(now())}
    await check_resource(session, done, "Task")
    draft = new_draft(session, done, task_id, "PUT")
    await session.repository.update(draft, expected_version=stored.version, may_create=False)
