"""Who is calling, for which tenant: made at the door (`http/context.py`), carried through the house."""

from typing import NamedTuple

from usager_server.access.grant import Grant


class Caller(NamedTuple):
    """The origin of one request.

    Shape   tenant is the number of the organisme gestionnaire in table `tenant`; subject names the person or client.
            grant says what they may do; nobody has one by default.
    """

    tenant: int
    subject: str
    request_id: str
    grant: Grant

    @property
    def reader(self) -> str:
        """Who reads, for the signature of page links: one grant's are worth nothing to another, even of one person."""
        fingerprint = self.grant.fingerprint
        return f"{self.subject}\n{fingerprint}" if fingerprint else self.subject
