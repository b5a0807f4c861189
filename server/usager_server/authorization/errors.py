"""What goes wrong in OAuth's own words, which its clients know; FHIR's are for the door of FHIR."""

INVALID_CLIENT = "invalid_client"


class OAuthError(Exception):
    """A refusal: the code of a standard, and a sentence for the developer at the other end.

    Shape   description in ASCII, without quotes or backslashes (RFC 6749 5.2), and never a value of a secret.
    """

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = _plain(description)
        self.status = 401 if code == INVALID_CLIENT else status

    def as_json(self) -> dict[str, str]:
        """Return the body of the answer."""
        return {"error": self.code, "error_description": self.description}


class NotRedirectable(Exception):
    """The request names no client, or no address of that client: the person is told, nobody is sent anywhere."""


def _plain(text: str) -> str:
    ascii_only = text.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "/")
    return "".join(letter if letter.isprintable() else " " for letter in ascii_only)
