"""The stand-in of an operator of MSSanté: Dovecot, IMAP and submission, which asks whoever comes for a certificate."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from usager_server.sandbox.stand_in import Answer, Received, StandIn

if TYPE_CHECKING:
    from usager_server.national.mssante.stand_in.operator import Operator

LOGINS = ("/usr/lib/dovecot/imap-login", "/usr/lib/dovecot/submission-login")

stand_in = StandIn(
    name="mssante",
    title="Opérateur MSSanté, API LPS",
    service="usager_server.national.mssante.sandbox:ApiLps",
    values={"mssante_environment": "test"},
    needs=LOGINS,
)


class ApiLps:
    """Takes connections as an operator does.

    Shape   the seed is {"shows": kind}: which certificate the operator shows from now on. What is asked is
            {"certificate": kind}, that of a software, with the authorities and the addresses; or {"seen": true}: how
            many connections came since the last reset, and whether each certificate was taken. A kind is range,
            other-range, expired, forged; for the operator other-name too.
    """

    def __init__(self) -> None:
        self._operator: Operator | None = None

    async def start(self, url: str, client_subject: str) -> None:
        """Make the certificates, and start Dovecot. Errors: SandboxError."""
        from usager_server.national.mssante.stand_in.operator import Operator  # by the process of the stand-in alone

        self._operator = Operator()
        await self._operator.start()

    async def stop(self) -> None:
        """Leave nothing running, and no file."""
        if self._operator is not None:
            await self._operator.stop()

    def settings(self) -> Mapping[str, str]:
        """Return where both servers are, and the files to speak to them with."""
        made = self._started()
        return {
            "mssante_imap": made.addresses["imap"],
            "mssante_smtp": made.addresses["smtp"],
            "mssante_certificate_file": str(made.certificates.software["range"]),
            "mssante_trusted_ca_file": str(made.certificates.authorities),
        }

    def reset(self) -> None:
        """Show the certificate of the range, and forget who came."""
        self._started().reset()

    def seed(self, data: Any) -> None:
        """Change the certificate that is shown."""
        known = self._started().certificates.operator
        if not isinstance(data, Mapping) or set(data) != {"shows"} or data["shows"] not in known:
            raise ValueError(f'the seed is {{"shows": one of {", ".join(known)}}}')
        self._started().shows = data["shows"]

    def ask(self, wanted: Any) -> Mapping[str, Any]:
        """Return what a software needs to come, or who came."""
        made = self._started()
        if wanted == {"seen": True}:
            return made.seen()
        known = made.certificates.software
        if not isinstance(wanted, Mapping) or set(wanted) != {"certificate"} or wanted["certificate"] not in known:
            raise ValueError(f'what is asked is {{"seen": true}}, or {{"certificate": one of {", ".join(known)}}}')
        pem, authorities = known[wanted["certificate"]], made.certificates.authorities
        return {**made.addresses, "certificate": pem.read_text("ascii"), "authorities": authorities.read_text("ascii")}

    async def answer(self, request: Received) -> Answer:
        """Answer nothing: it speaks IMAP and SMTP."""
        return Answer(404)

    def _started(self) -> "Operator":
        assert self._operator is not None  # noqa: S101 - asked once started
        return self._operator
