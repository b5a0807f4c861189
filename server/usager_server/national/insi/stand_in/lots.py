"""The lots that were handed in: the same one twice is one, and each is ready after a while."""

from collections.abc import Mapping

READY, PENDING, UNKNOWN = "00", "10", "11"


class Lots:
    """Lots by their id. Shape: waits is how many times each is asked after in vain."""

    def __init__(self) -> None:
        self.waits = 1
        self._kept: dict[str, Mapping[str, str]] = {}
        self._asked: dict[str, int] = {}

    def deposit(self, lot_id: str, codes: Mapping[str, str]) -> None:
        """Take a lot, once."""
        self._kept.setdefault(lot_id, codes)

    def collect(self, lot_id: str) -> tuple[str, Mapping[str, str]]:
        """Return the state of a lot, and its codes once it is ready."""
        if lot_id not in self._kept:
            return UNKNOWN, {}
        asked = self._asked[lot_id] = self._asked.get(lot_id, 0) + 1
        return (READY, self._kept[lot_id]) if asked > self.waits else (PENDING, {})
