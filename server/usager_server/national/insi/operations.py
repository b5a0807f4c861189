"""The operations around INSi, which share one way to it; what does them is imported when one is first called."""

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from usager_server.interactions.session import Operation, OperationRequest, Reply, Session
from usager_server.national.insi import definitions

if TYPE_CHECKING:
    from usager_server.national.insi.handlers import Handlers

Handler = Callable[[Session, OperationRequest], Awaitable[Reply]]


class Insi:
    """The operations. Shape: handlers are made at the first call: most servers that start are never asked."""

    @cached_property
    def handlers(self) -> "Handlers":
        """What does them."""
        from usager_server.national.insi.handlers import Handlers

        return Handlers()

    def operations(self) -> Sequence[Operation]:
        """Return them."""
        return [
            Operation(definitions.SEARCH, self._late(lambda it: it.search), needs={"": "rs"}, stands_alone=True),
            Operation(definitions.VERIFY, self._late(lambda it: it.verify), needs={"": "ru"}, stands_alone=True),
            Operation(definitions.ACCEPT, self._late(lambda it: it.accept), needs={"": "cru"}),
            Operation(definitions.VITALE_APP, self._late(lambda it: it.read_vitale_app), needs={"": "rs"}),
            Operation(definitions.VERIFICATIONS, self._late(lambda it: it.verifications), needs={"Patient": "s"}),
            Operation(
                definitions.CONNECT, self._late(lambda it: it.connect), needs={"Practitioner": "r"}, stands_alone=True
            ),
            Operation(
                definitions.DISCONNECT,
                self._late(lambda it: it.disconnect),
                needs={"Practitioner": "r"},
                stands_alone=True,
            ),
        ]

    def _late(self, chosen: Callable[["Handlers"], Handler]) -> Handler:
        async def handle(session: Session, request: OperationRequest) -> Reply:
            return await chosen(self.handlers)(session, request)

        return handle
