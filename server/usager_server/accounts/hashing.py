"""Hashes of passwords: argon2id, in threads of their own and few, so that a flood of sign-ins cannot eat the memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from usager_server.accounts.passwords import LONGEST, normalised

# t=3, 64 MiB, one lane: security.md 3, above the least that OWASP asks for. Four at a time: 256 MiB at most.
HASHER = PasswordHasher(time_cost=3, memory_cost=64 * 1024, parallelism=1)
THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


async def hashed(password: str) -> str:
    """Return the hash to store. Time: about 0.2 s of a core."""
    return await _run(HASHER.hash, normalised(password))


async def matches(password: str, stored: str | None) -> bool:
    """Tell whether a password is the one of a hash; None takes as long, so that nobody learns which names exist."""
    if len(password) > LONGEST:
        password = ""
    right = await _run(_verify, stored or await _nobody(), normalised(password))
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's, and is made anew at the next sign-in."""
    return HASHER.check_needs_rehash(stored)


def _verify(stored: str, password: str) -> bool:
    try:
        return HASHER.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def _run(work: Callable[P, T], *arguments: P.args, **_: P.kwargs) -> T:
    return await asyncio.get_running_loop().run_in_executor(_threads(), work, *arguments)


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")


@cache
def _nobody_hash() -> str:
    return HASHER.hash("nobody has this password")


async def _nobody() -> str:
    return await _run(_nobody_hash)
