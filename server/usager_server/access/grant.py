"""The grant of a caller: who acts, with which scopes, for which patient, in which structures, until when."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Self

from usager_server.access.scopes import BadScope, Scope, parse_scopes


@dataclass(frozen=True, slots=True)
class Grant:
    """What a caller was given; made at the door, from a token, and carried by `Caller`.

    Shape   scopes None: everything is permitted (USAGER_AUTH=off, a token without scopes), nothing is checked.
            patient: the id of the Patient in context, without which patient/ scopes permit nothing. session: the id
            of the session the token belongs to. practitioner: the reference of the person ("Practitioner/1"), who is
            in the care teams that name it. structures: the ids of the Organizations (FINESS ET) the person works in,
            None for all of the tenant. roles: what the person is (`roles.py`), None when nobody is behind the client.
            fingerprint: what the reach of the grant depends on, as a short text: two of the same fingerprint see the
            same; empty when the grant permits everything. Made once, since every request asks for it.
    """

    client: str = ""
    scopes: tuple[Scope, ...] | None = ()
    patient: str | None = None
    session: str | None = None
    practitioner: str | None = None
    structures: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    expires: datetime | None = None
    fingerprint: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fingerprint", "" if self.is_everything else _fingerprint(self))

    @classmethod
    def everything(cls) -> Self:
        """Return the grant that permits everything within the tenant."""
        return cls(scopes=None)

    @classmethod
    def of(
        cls,
        scopes: str,
        *,
        client: str = "",
        patient: str | None = None,
        session: str | None = None,
        practitioner: str | None = None,
        structures: Iterable[str] | None = None,
        roles: Iterable[str] | None = None,
        expires: datetime | None = None,
    ) -> Self:
        """Return the grant of a space-separated list of scopes. Errors: BadScope, as `parse_scopes`.

        Errors  BadScope too when patient/ scopes have no patient.
        """
        parsed = parse_scopes(scopes)
        if patient is None and any(scope.context == "patient" for scope in parsed):
            raise BadScope("patient/ scopes need a patient in context: launch/patient")
        return cls(
            client,
            parsed,
            patient,
            session,
            practitioner,
            None if structures is None else frozenset(structures),
            None if roles is None else frozenset(roles),
            expires,
        )

    @property
    def is_everything(self) -> bool:
        """Whether nothing has to be checked."""
        return self.scopes is None


def _fingerprint(grant: Grant) -> str:
    parts = (
        grant.client,
        [str(scope) for scope in grant.scopes or ()],
        grant.patient,
        grant.practitioner,
        None if grant.structures is None else sorted(grant.structures),
        None if grant.roles is None else sorted(grant.roles),
    )
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
