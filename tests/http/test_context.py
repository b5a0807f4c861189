"""Who is calling."""

import pytest

from usager_server.errors import LoginRequired
from usager_server.http.context import Tokens, parse_tokens

FILE = """
# the tokens of this installation
first-token 1 front
second-token 2 mobile app
third-token
"""


def bearer(token: str) -> dict[bytes, bytes]:
    """Return the headers of a caller with this token."""
    return {b"authorization": f"Bearer {token}".encode()}


async def test_a_token_names_its_tenant_and_bearer():
    tokens = Tokens(parse_tokens(FILE))
    assert (await tokens.caller(bearer("second-token"), "r")).tenant == 2
    assert (await tokens.caller(bearer("second-token"), "r")).subject == "mobile app"


async def test_a_token_alone_is_for_the_first_tenant():
    assert (await Tokens(parse_tokens(FILE)).caller(bearer("third-token"), "r")).tenant == 1


@pytest.mark.parametrize(
    "headers",
    [{}, {b"authorization": b"Basic first-token"}, bearer("other"), bearer(""), {b"authorization": b"\xff\xfe"}],
)
async def test_no_token_of_ours_is_401_with_a_challenge(headers: dict[bytes, bytes]):
    with pytest.raises(LoginRequired) as refusal:
        await Tokens(parse_tokens(FILE)).caller(headers, "r")
    assert refusal.value.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("tenant", ["other", "0", "-1", "1.5", "2147483648", "9" * 4000])
def test_a_tenant_that_is_no_number_names_its_line(tenant: str):
    with pytest.raises(ValueError, match="line 2"):
        parse_tokens(f"a 1\nb {tenant}")
