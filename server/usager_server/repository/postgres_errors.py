"""What PostgreSQL says, in FHIR's terms. Its own words (DETAIL holds keys) are never shown to a caller."""

import asyncpg
from asyncpg import exceptions as pg

from usager_server.errors import Conflict, FHIRError, Invalid, TooCostly, Unavailable, Unprocessable

# A connection told to go while idle fails this way at its next use, before anything is sent.
TOLD_TO_GO = asyncpg.InternalClientError
DATABASE_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, TOLD_TO_GO, OSError, TimeoutError)

LOST = (
    asyncpg.InterfaceError,
    TOLD_TO_GO,
    OSError,
    TimeoutError,
    pg.PostgresConnectionError,
    pg.AdminShutdownError,
    pg.CrashShutdownError,
    pg.CannotConnectNowError,
    pg.TooManyConnectionsError,
    pg.IdleInTransactionSessionTimeoutError,
)
RETRIABLE = (pg.DeadlockDetectedError, pg.SerializationError)
UNIQUE_OR_LOCKED = (*RETRIABLE, pg.LockNotAvailableError, pg.UniqueViolationError)
ROW_NUMBER = "resource_row"
HELD = "index_token_held"
REPLACED = "US001"  # `migrations/versions/v0012_replaced.py`
IS_REPLACED = (
    "a été fusionné avec un autre dossier : rien ne s'y rapporte plus. Le lire : son lien replaced-by nomme celui qui "
    "reste, auquel rapporter la ressource."
)
ALREADY_HELD = (
    "Un autre dossier actif porte déjà ce matricule INS : le retrouver (Patient?identifier=, $match) et, si c'est la "
    "même personne, fusionner les deux dossiers ($merge)."
)


def translated(error: BaseException) -> FHIRError | None:
    """Return the refusal that says it, or None when it is a fault of ours (a 500)."""
    if isinstance(error, asyncpg.PostgresError) and error.sqlstate == REPLACED:
        return Unprocessable(f"{error.detail} {IS_REPLACED}", code="business-rule")
    if is_held_already(error):
        return Conflict(ALREADY_HELD, "Patient.identifier", code="duplicate")
    if isinstance(error, pg.UniqueViolationError) and not is_row_number_taken(error):
        return Conflict("A resource with this id exists already.", code="duplicate")
    if isinstance(error, UNIQUE_OR_LOCKED):
        return Conflict("Another request is changing the same resources; try again.", code="lock-error")
    if isinstance(error, pg.CharacterNotInRepertoireError | pg.UntranslatableCharacterError):
        return Invalid("A text holds a character that cannot be kept or looked for: U+0000.", code="value")
    if isinstance(error, pg.QueryCanceledError):
        return TooCostly("This took longer than the server allows; narrow the request.", code="timeout")
    if isinstance(error, pg.InsufficientResourcesError | pg.OperatorInterventionError):
        return Unavailable("The database has no room for this now; try again later.")
    if isinstance(error, LOST):
        return Unavailable("The database does not answer; try again later.")
    return None


def is_held_already(error: BaseException | None) -> bool:
    """Tell whether another record holds what only one may hold."""
    return isinstance(error, pg.UniqueViolationError) and error.constraint_name == HELD


def is_row_number_taken(error: BaseException | None) -> bool:
    """Tell whether two processes made the same row number, of a resource or of a trace: other numbers will do."""
    return isinstance(error, pg.UniqueViolationError) and (
        error.constraint_name == ROW_NUMBER or (error.table_name or "").startswith("trace")
    )
