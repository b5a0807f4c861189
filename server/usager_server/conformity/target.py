"""What is put to the proof: a FHIR base URL, and the sandbox that plays the national services for it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Target:
    """The server to prove, over HTTP only.

    Shape   base_url is the FHIR base, without a slash at the end; sandbox_url is the control API of the sandbox that
            the server was started with, or empty when there is none.
    """

    base_url: str
    token: str = field(default="", repr=False)
    sandbox_url: str = ""
