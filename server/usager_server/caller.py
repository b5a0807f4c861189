"""Who is calling, for which tenant: made at the door (`http/context.py`), carried through the house."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The origin of one request.

    Shape   tenant is the number of the organisme gestionnaire in table `tenant`; subject names the person or client.
    """

    tenant: int
    subject: str
    request_id: str
