"""The operator of MSSanté as the settings lead to it, and what opening both connections there meets."""

import imaplib
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from usager_server.environment import SettingsError
from usager_server.national.mssante.failures import Failure, OpeningDown, OpeningRefused
from usager_server.national.mssante.opening import OtherEnd, Place, open_imap, open_smtp, other_end
from usager_server.national.mssante.tls import Trust
from usager_server.settings import Settings

IMAP_PORT, SMTP_PORT = 143, 587
NOT_SET = "USAGER_MSSANTE_IMAP is not set: it says where the operator of MSSanté is (docs/services/mssante.md)"

Protocol = Literal["IMAP", "SMTP"]


@dataclass(frozen=True, slots=True)
class Operator:
    """The API LPS of one operator, and who we are there."""

    imap: Place
    smtp: Place
    trust: Trust


@dataclass(frozen=True, slots=True)
class Met:
    """What opening one connection met: the other end, or why there is none."""

    protocol: Protocol
    place: Place
    found: OtherEnd | Failure


def operator(settings: Settings) -> Operator:
    """Return the operator that the settings name. Errors: SettingsError when they name none."""
    imap, smtp = settings.mssante_imap, settings.mssante_smtp
    ours, authorities = settings.mssante_certificate_file, settings.mssante_trusted_ca_file
    if imap is None or smtp is None or ours is None or authorities is None:  # `Settings` has all of them or none
        raise SettingsError(NOT_SET)
    trust = Trust(ours, authorities, settings.mssante_environment)
    return Operator(_place(imap, IMAP_PORT), _place(smtp, SMTP_PORT), trust)


async def checked(operator: Operator) -> tuple[Met, Met]:
    """Open both connections, end them, and return what was met; nobody signs in, and nothing is sent or read."""
    return await _imap(operator), await _smtp(operator)


async def _imap(operator: Operator) -> Met:
    try:
        connection = await open_imap(operator.imap, operator.trust)
    except (OpeningRefused, OpeningDown) as error:
        return Met("IMAP", operator.imap, error.failure)
    try:
        return Met("IMAP", operator.imap, other_end(connection))
    finally:
        with suppress(OSError, imaplib.IMAP4.error):  # it was open, which is all that was asked
            connection.logout()


async def _smtp(operator: Operator) -> Met:
    try:
        connection = await open_smtp(operator.smtp, operator.trust)
    except (OpeningRefused, OpeningDown) as error:
        return Met("SMTP", operator.smtp, error.failure)
    try:
        return Met("SMTP", operator.smtp, other_end(connection))
    finally:
        with suppress(OSError, smtplib.SMTPException):  # likewise
            connection.quit()


def _place(address: str, port: int) -> Place:
    host, _, told = address.partition(":")
    return Place(host, int(told or port))
