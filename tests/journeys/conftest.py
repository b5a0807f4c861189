"""The journeys share the proofs' real server."""

from tests.proofs.conftest import server

__all__ = ["server"]
