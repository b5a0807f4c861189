"""Patient/$identity-feed: a message of HL7 v2 from the software that is master of identities, applied and acknowledged.

The operation is there with the profile `esclave-identite` only.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Any

from usager_server.errors import FHIRError, Forbidden, Invalid, NotFound
from usager_server.interactions.identities import is_master
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, now
from usager_server.operations.definition import operation_definition, parameter
from usager_server.requirements import fulfils

if TYPE_CHECKING:  # the room of messages is opened by the first one: not at every start
    from usager_server.pam.er7 import Segment

ER7 = "x-application/hl7-v2+er7"
REJECTING = ("200", "201", "202", "203")
"""Codes of table 0357 of what will never be taken: another message, event, processing mode or version."""

NUMBERS = ("PID-3", "MRG-1")
"""Where a message names records: a refusal that is about one of them says so."""

NOT_MASTER = "Seul le logiciel maître des identités (USAGER_IDENTITY_MASTER) envoie ce flux"
NO_MESSAGE = f"Un message HL7 v2 est attendu : {ER7}"


@fulfils("INS/va1.64")
async def feed_identity(session: Session, request: OperationRequest) -> Reply:
    """Apply one message, all or nothing, and answer with its ACK.

    Shape   200 with AA; 400 with AR for what is never taken; 400 with AE for what cannot be read; AE with the status of
            the refusal for what an identity may not become. A message that came before is AA again and changes nothing.
    Errors  Forbidden (403) for another caller, Invalid (400) for what is no message: those have no ACK.
    Source  IHE PAM [ITI-30].
    """
    from usager_server.operations.identity_messages import apply_message
    from usager_server.pam.er7 import Er7Error, header_of, parse
    from usager_server.pam.messages import read

    if not is_master(session):
        raise Forbidden(NOT_MASTER)
    if not request.body:
        raise Invalid(NO_MESSAGE, code="required")
    try:
        header = header_of(request.body)
    except Er7Error as error:
        raise Invalid(f"{NO_MESSAGE} ; {error}", code="structure") from error
    try:
        told = await apply_message(session, read(parse(request.body)), sha256(request.body).hexdigest())
    except Er7Error as error:
        code = "AR" if error.code in REJECTING else "AE"
        return _answer(session, header, code, 400, (error.code, error.place, str(error)))
    except FHIRError as error:
        if error.status >= 500:  # nothing of the message: it is to be sent again
            raise
        return _answer(session, header, "AE", error.status, _refusal(error))
    return _answer(session, header, "AA", 200, ("0", "PID", told) if told else None)


def _refusal(error: FHIRError) -> tuple[str, str, str]:
    """Return why a message is refused: the code of table 0357, the place, the text."""
    place = error.issues[0].expression
    number = "204" if isinstance(error, NotFound) else "207"
    text = "; ".join(issue.diagnostics for issue in error.issues)
    return number, place if place in NUMBERS else "PID", text


def _answer(session: Session, header: "Segment", code: str, status: int, error: tuple[str, str, str] | None) -> Reply:
    from usager_server.pam.acknowledgement import acknowledgement

    content = acknowledgement(header, code, now(), session.caller.request_id[:20], error)
    return Reply(status=status, content=content, content_type=f"{ER7}; charset=utf-8", raw=True)


RETURNED: dict[str, Any] = parameter(
    "return", "Binary", f"The ACK, as {ER7} in UTF-8: AA, AE or AR, and why in ERR", use="out", least=1
)

feed_identity_operation = Operation(
    operation_definition(
        "identity-feed",
        "Takes an HL7 v2 message (IHE PAM: ADT A28, A31, A04, A08, A40) from the software that is master of "
        "identities, and answers with an ACK. A message that comes twice is applied once.",
        levels=["type"],
        resource=["Patient"],
        affects_state=True,
        parameters=[RETURNED],
    ),
    feed_identity,
    accepts=(ER7,),
    needs={"": "crus", "Provenance": "cs"},
)
