"""Secrets, wherever they stand, are masked before anything is kept."""

import pytest

from usager_server.conformity.masking import MASK, Masking

masking = Masking(["s3cr&t"])


@pytest.mark.parametrize(
    "content",
    [
        '{"access_token": "eyJhbGciOi"}',
        '{"note": "before", "Password":"eyJhbGciOi"}',
        r'{"diagnostics": "{\"token\": \"eyJhbGciOi\"}"}',
        '{"received": [{"headers": {"authorization": "Bearer eyJhbGciOi", "host": "localhost"}}]}',
        r'{"password": "a\"eyJhbGciOi"}',
        "grant_type=x&client_secret=eyJhbGciOi&scope=y",
        "https://example.org/?access_token=eyJhbGciOi#top",
    ],
)
def test_what_is_secret_by_its_name_is_masked(content):
    masked = masking.text(content)
    assert "eyJhbGciOi" not in masked
    assert MASK in masked


@pytest.mark.parametrize("content", ["voici s3cr&t", "?q=s3cr%26t&x", '["s3cr&t"]'])
def test_the_secrets_of_this_run_are_masked_wherever_they_stand(content):
    assert "s3cr" not in masking.text(content)


def test_the_scheme_of_a_credential_stays_and_the_rest_goes():
    headers = [("Authorization", "Bearer abc"), ("Cookie", "a b"), ("X-Note", "s3cr&t"), ("Accept", "text/html")]
    assert masking.headers(headers) == (
        ("Authorization", f"Bearer {MASK}"), ("Cookie", MASK), ("X-Note", MASK), ("Accept", "text/html"),
    )  # fmt: skip


def test_what_is_no_secret_stays():
    text = '{"identifier": [{"value": "token"}], "text": "un jeton"}'
    assert masking.text(text) == text
    assert Masking().text(text) == text


def test_bytes_that_hold_a_secret_are_told():
    assert masking.holds_secret(b"%PDF s3cr&t")
    assert not masking.holds_secret(b"%PDF")
