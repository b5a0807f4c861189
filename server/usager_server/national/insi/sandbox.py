"""The stand-in of INSi: strict on the wire, it knows the public test persons, and counts the calls about each.

`/lps` is the address for certificates; `/api/lps` that behind Pro Santé Connect, with the tokens of `/as`; `/proxy`
plays a Proxy e-santé in front of it, as another cleared one would be.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from usager_server.sandbox.stand_in import Answer, Received, StandIn

IDAM = "BAC-A-SABLE"
CLIENT = "usager"

stand_in = StandIn(
    name="insi",
    title="INSi, téléservice de l'identité nationale de santé",
    service="usager_server.national.insi.sandbox:Insi",
    settings={"insi_url": "/lps", "national_proxy_url": "/proxy"},
    values={
        "insi_idam": IDAM,
        "insi_structure": "990000001",
        "insi_sector": "SA07",
        "national_proxy_client_id": CLIENT,
    },
    certificates={
        "insi_certificate_file": "INSI-MANU",
        "insi_auto_certificate_file": "INSI-AUTO",
        "national_proxy_certificate_file": "usager.bac-a-sable",
    },
)

SEEDS = ("persons", "knows_all", "fault", "lot_waits")


class Insi:
    """Answers what the service would.

    Shape   the seed is an object: persons, more people to know; knows_all: every verification agrees; fault,
            {"siram", "desir", "text"}: how the next calls are refused (null: not at all); lot_waits: how many times a
            lot is not ready yet. What is asked is {"counts": true}: how many calls there were about whom.
    """

    def __init__(self) -> None:
        from usager_server.national.insi.stand_in.proxy import Proxy  # by the process of the stand-in alone
        from usager_server.national.insi.stand_in.service import Teleservice

        self._service = Teleservice(IDAM)
        self._proxy = Proxy(CLIENT, self._service)

    def reset(self) -> None:
        """Know the test persons only, and forget every count, session and lot."""
        self._service.reset()
        self._proxy.reset()

    def seed(self, data: Any) -> None:
        """Change what is known, or how it is answered."""
        if not isinstance(data, Mapping) or not data or not data.keys() <= set(SEEDS):
            raise ValueError(f"the seed is an object with some of {', '.join(SEEDS)}")
        self._service.seed(data)

    def ask(self, wanted: Any) -> Mapping[str, Any]:
        """Return the counts: by operation, then by matricule, or by birth name where there is none."""
        if wanted != {"counts": True}:
            raise ValueError('what is asked is {"counts": true}')
        found: dict[str, Counter[str]] = {}
        for (operation, whom), count in self._service.counts.items():
            found.setdefault(operation, Counter())[whom] = count
        return found

    async def answer(self, request: Received) -> Answer:
        """Answer a call, at whichever of the addresses it comes."""
        if request.path == "/lps":
            return self._service.with_certificate(request)
        return self._proxy.answer(request)
