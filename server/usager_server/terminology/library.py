"""The terminology of the house: one shelf for all, and those that a tenant's own resources were put on."""

from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from usager_server.definitions import Definitions
from usager_server.terminology.published import Maker, Published
from usager_server.terminology.shelf import Shelf

KEPT = 64
KINDS = ("CodeSystem", "ValueSet")

Resource = Mapping[str, Any]


class Library:
    """Keeps the shelf of the house, and the last KEPT shelves with stored resources: a list is made once.

    Shape   resources: those that profiles bring; others than CodeSystem and ValueSet are left aside. large: what makes
            a code system that is no resource, by its canonical; asked when the system is first looked for.
    """

    def __init__(
        self, definitions: Definitions, resources: Iterable[Resource] = (), large: Mapping[str, Maker] | None = None
    ) -> None:
        kept = (each for each in resources if each["resourceType"] in KINDS)
        self.shelf = Shelf(kept, Published(definitions, large or {}))
        self._kept: OrderedDict[Hashable, Shelf] = OrderedDict()

    def kept(self, key: Hashable) -> Shelf | None:
        """Return a shelf that was kept, or None. Shape: key names the tenant, what is on it and in which state."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def keep(self, key: Hashable, shelf: Shelf) -> Shelf:
        """Keep a shelf, and return it."""
        self._kept[key] = shelf
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return shelf
