"""A stand-in: what plays a national service on this machine, as strictly as the service would."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StandIn:
    """The stand-in of one national service; it runs as a process of its own, behind TLS on loopback.

    Shape   name is what the control API and the scenarios call it ("national-status"); title is French; service says
            where its class is ("usager_ph.viatrajectoire.sandbox:ViaTrajectoire"); settings maps the setting of the
            server that holds the address of the service to the path there ({"national_status_url": "/"}).
    """

    name: str
    title: str
    service: str
    settings: Mapping[str, str] = field(default_factory=dict)
