"""The answer to a message: ACK, with AA, AE or AR, and why in ERR.

Source  HL7 v2.5 2.9; table 0357 for the codes of errors.
"""

import re
from datetime import datetime

from usager_server.pam.er7 import Segment, escaped

ACCEPTED, FAILED, REJECTED = "AA", "AE", "AR"
TEXT_LENGTH_MOST = 1_000
FIELD_LENGTH_MOST = 250
EVENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Z0-9])", re.ASCII)


def acknowledgement(
    header: Segment, code: str, moment: datetime, own_id: str, error: tuple[str, str, str] | None = None
) -> bytes:
    """Return the ACK of a message in UTF-8, by the separators of its header.

    Shape   error: the code of table 0357, the place ("PID-7", "" for none), why, in French. With AA it is a warning.
    """
    own, separators = header.separators, header.separators.field
    kind = own.component.join(filter(None, ("ACK", _event(header))))
    stamp = moment.strftime("%Y%m%d%H%M%S+0000")
    version = header.raw(12)[:FIELD_LENGTH_MOST] or "2.5"
    lines = [
        [f"MSH{own.all}", *_turned(header), stamp, "", kind, own_id, header.raw(11)[:3] or "P", version]
        + [""] * 5
        + ["UNICODE UTF-8"],
        ["MSA", code, header.raw(10)[:FIELD_LENGTH_MOST]],
    ]
    if error is not None:
        lines.append(_error(code, error, header))
    return "".join(separators.join(line) + "\r" for line in lines).encode()


def _event(header: Segment) -> str:
    """Return the event of a message as it is written, "" when that is none: what cannot be read is answered too."""
    own = header.separators
    _, _, event = header.raw(9).partition(own.repetition)[0].partition(own.component)
    found = EVENT.match(event)
    return found[0] if found else ""


def _turned(header: Segment) -> list[str]:
    """Return who sends the answer and who gets it: those of the message, the other way round."""
    return [header.raw(number)[:FIELD_LENGTH_MOST] for number in (5, 6, 3, 4)]


def _error(code: str, error: tuple[str, str, str], header: Segment) -> list[str]:
    number, place, text = error
    own = header.separators
    segment, _, field = place.partition("-")
    where = own.component.join(filter(None, (segment, "1" if field else "", field.partition(".")[0])))
    severity = "W" if code == ACCEPTED else "E"
    told = escaped(" ".join(text.split())[:TEXT_LENGTH_MOST], own)
    return ["ERR", "", where, number, severity, "", "", "", told]
