"""Streams of bytes that come from outside, read whole and never past a limit."""

from collections.abc import AsyncIterable


async def whole(pieces: AsyncIterable[bytes], limit_bytes: int, too_long: Exception) -> bytes:
    """Return the bytes of a stream. Errors: too_long, as soon as there are more than the limit."""
    content = bytearray()
    async for piece in pieces:
        content += piece
        if len(content) > limit_bytes:
            raise too_long
    return bytes(content)
