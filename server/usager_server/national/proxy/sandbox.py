"""The stand-in of national APIs behind Pro Santé Connect: each an authorization server and what it protects."""

from usager_server.sandbox.stand_in import StandIn

stand_in = StandIn(
    name="psc-apis",
    title="API Pro Santé Connectées",
    service="usager_server.national.proxy.stand_in.apis:Apis",
    certificate_setting="psc_certificate_file",
)
