"""Patient/$merge: two records of one person become one, with a way back ($unmerge)."""

from typing import Any

from usager_server.errors import Conflict, Invalid, Issue, TooLarge, Unprocessable
from usager_server.interactions.identities import refuse_other_than_master
from usager_server.interactions.limits import MERGED_RESOURCES_MOST, REASON_LENGTH_MOST
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, instant_text, now
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.merged_records import MERGE, Key, answer, held, in_slices, tell, tree_of, write
from usager_server.operations.parameters import flag_of, given, required
from usager_server.search.replacing import STAYING


class AlreadyMerged(Conflict):
    """Two records are one already, and nothing is left to turn."""


async def merge(session: Session, request: OperationRequest) -> Reply:
    """Have one record absorbed by another: all that refers to it refers to the other one, in one transaction.

    Shape   the outcome, and the record that stays; with preview nothing is written. Of two that are merged already,
            what came to the absorbed one since is turned too.
    Errors  NotFound (404) for a record out of reach; Unprocessable (422) when they must not be merged, and says why;
            Conflict (409) when they are merged and nothing is left to turn; TooLarge (413); Forbidden (403) for
            another caller than the master of identities, where there is one.
    Source  FHIR R5 patient-operation-merge.html.
    """
    refuse_other_than_master(session)
    keys = (patient_key(session, request, "source-patient"), patient_key(session, request, "target-patient"))
    if keys[0] == keys[1]:
        raise Unprocessable("Un dossier ne fusionne pas avec lui-même", _place("target-patient"), code="business-rule")
    reason = reason_of(request)
    async with session.transaction() as inner:
        return await merged(inner, keys, reason, is_preview=bool(flag_of(request, "preview")))


async def merged(
    session: Session, keys: tuple[Key, Key], reason: str, *, is_preview: bool = False, is_ordered: bool = False
) -> Reply:
    """Have one record (the first key) absorbed by another, in the transaction of the session.

    Shape   is_ordered: the software that is master of identities says so, whatever matricules they bear.
    Errors  those of `merge`.
    """
    from usager_server.matching.absorbing import obstacle, replacement_of  # with the rooms of identities: not at start

    await session.repository.hold(keys, "u")
    if session.reach is not None:  # what is changed is shown too
        await session.repository.hold(keys, "r")
    if session.act is not None:  # an answer names the one that stays only
        session.act.concern(key for _, key in keys)
    source, target = await held(session, keys)
    is_late = replacement_of(tree_of(source)) == f"Patient/{target.id}"
    why = None if is_late else obstacle(tree_of(source), tree_of(target), is_ordered=is_ordered)
    if why is not None:
        raise Unprocessable(why, _place("source-patient"), code="business-rule")
    referring = await _referring(session, source.id)
    if is_late and not referring:
        text = "Ces dossiers sont déjà fusionnés, et rien ne se rapporte plus à l'ancien"
        raise AlreadyMerged(text, code="duplicate")
    if is_preview:
        return answer([_told(len(referring), done=False)], tree_of(target))
    return await _absorbed(session, keys, referring, is_late=is_late, reason=reason)


async def _absorbed(
    session: Session, keys: tuple[Key, Key], referring: list[Key], *, is_late: bool, reason: str
) -> Reply:
    from usager_server.identity.transitions import Refusal
    from usager_server.matching.absorbing import absorbed, survivor

    (_, source_id), (_, target_id) = keys
    versions = await turn(session, referring, f"Patient/{source_id}", f"Patient/{target_id}")
    source, target = await held(session, keys)
    result = tree_of(target)
    if not is_late:
        moment = instant_text(now())
        gone = absorbed(tree_of(source), f"Patient/{target_id}", moment)
        if isinstance(gone, Refusal):
            raise Unprocessable(gone.reason, _place("source-patient"), code="business-rule")
        result = survivor(result, tree_of(source), f"Patient/{source_id}", moment)
        # The one that gives way first: it lets go of what only one active record may hold.
        versions = [*await write(session, [(source, gone)]), *await write(session, [(target, result)]), *versions]
    await tell(session, MERGE, [*_named(keys, versions), *versions], reason)
    return answer([_told(len(referring), done=True)], result)


async def turn(session: Session, keys: list[Key], old: str, new: str) -> list[str]:
    """Turn the references of these resources to one record into references to another; return the versions made."""
    from usager_server.matching.repointing import repointed

    versions: list[str] = []
    for part in in_slices(session, keys):
        trees = [(stored, tree_of(stored)) for stored in await held(session, part)]
        versions += await write(session, [(stored, tree) for stored, tree in trees if repointed(tree, old, new)])
    return versions


async def _referring(session: Session, source_id: str) -> list[Key]:
    most = MERGED_RESOURCES_MOST
    found = await session.repository.whole.referring(f"Patient/{source_id}", STAYING, most + 1)
    if len(found) > most:
        raise TooLarge(f"Plus de {most} ressources se rapportent au dossier source", _place("source-patient"))
    return found


def _named(keys: tuple[Key, Key], versions: list[str]) -> list[str]:
    """Return the names of both records, where their versions are not among those that were made."""
    made = {version.rpartition("/_history/")[0] for version in versions}
    return [name for name in (f"{kind}/{key}" for kind, key in keys) if name not in made]


def patient_key(session: Session, request: OperationRequest, name: str) -> Key:
    """Return the Patient that a parameter refers to. Errors: Invalid (400) when it is no reference to one."""
    value: Any = required(request, name)
    reference = value.get("reference") if isinstance(value, dict) else value
    kind, _, key = str(reference).removeprefix(f"{session.base_url}/").partition("/")
    if kind != "Patient" or not key or "/" in key:
        raise Invalid(f"{name} is a reference to a Patient: Patient/id", _place(name), code="value")
    return kind, key


def reason_of(request: OperationRequest) -> str:
    """Return why, in the caller's words; "" when they say nothing. Errors: Invalid (400) when it is too long."""
    reason = given(request, "reason")
    if reason is not None and (not isinstance(reason, str) or len(reason) > REASON_LENGTH_MOST):
        raise Invalid(f"reason says why, in {REASON_LENGTH_MOST} characters at most", _place("reason"), code="value")
    return reason or ""


def _told(count: int, *, done: bool) -> Issue:
    what = f"{count} ressources rattachées" if done else f"{count} ressources à rattacher ; rien n'est écrit"
    return Issue("information", "informational", f"{'Dossiers fusionnés' if done else 'Aperçu'} : {what}")


def _place(name: str) -> str:
    return f"Parameters.parameter.where(name = '{name}')"


merge_operation = Operation(
    operation_definition(
        "merge",
        "Merges two records of one person: the source becomes inactive and is replaced by the target, its matricule an "
        "old one, and all that refers to it refers to the target. Every version is kept, and $unmerge undoes it.",
        levels=["type"],
        resource=["Patient"],
        affects_state=True,
        parameters=[
            parameter("source-patient", "Reference", "The record that gives way", least=1),
            parameter("target-patient", "Reference", "The record that stays", least=1),
            parameter("preview", "boolean", "Say what would be done, and do nothing"),
            parameter("reason", "string", f"Why, in {REASON_LENGTH_MOST} characters at most"),
            parameter("outcome", "OperationOutcome", "What was done", use="out", least=1),
            parameter("result", "Patient", "The record that stays", use="out", least=1),
        ],
    ),
    merge,
    needs={"": "ru"},
)
