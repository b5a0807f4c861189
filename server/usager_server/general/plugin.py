"""Wires the profile général: a plugin like the others, always on."""

from collections.abc import Mapping, Sequence
from typing import Any

from usager_server import (
    Operation,
    Profile,
    Requirement,
    Scenario,
    StandIn,
    hookimpl,
    ledger,
    packaged,
    scenarios_in,
)
from usager_server.accounts.sandbox import stand_in as mail
from usager_server.birthplaces.code_systems import VALUE_SET
from usager_server.documents.terminology import terminology_resources
from usager_server.indicators.indicator import Indicator
from usager_server.indicators.ins import INS_DASHBOARD
from usager_server.national.consent.subjects import CODE_SYSTEM
from usager_server.national.insi.operations import Insi
from usager_server.national.insi.sandbox import stand_in as insi
from usager_server.national.mssante.sandbox import stand_in as mssante
from usager_server.national.proxy.sandbox import stand_in as psc_apis
from usager_server.national.psc.sandbox import stand_in as psc
from usager_server.national.status.operation import national_services_status
from usager_server.national.status.sandbox import stand_in as national_status
from usager_server.traces.origins import CODE_SYSTEM as ORIGINS

KEY, PACKAGE = "general", "usager_server.general"


@hookimpl
def register_profiles() -> Sequence[Profile]:
    """Return général, and the technical profile that changes nothing but the way to INSi."""
    return [
        Profile(KEY, "Général"),
        Profile("sans-certificat-ins", "Sans certificat INS"),
    ]


@hookimpl
def register_conformance_resources() -> Sequence[Mapping[str, Any]]:
    """Return the code lists of documents and where they come from, the places of birth, and what consents are about."""
    return [*terminology_resources(), VALUE_SET, CODE_SYSTEM, ORIGINS]


@hookimpl
def register_search_parameters() -> Sequence[Mapping[str, Any]]:
    """Return what identities are searched by besides R4's own: their status, and where people were born."""
    return packaged(PACKAGE, "SearchParameter")


@hookimpl
def register_indicators() -> Sequence[Indicator]:
    """Return the indicators that all profiles share."""
    return [INS_DASHBOARD]


@hookimpl
def register_requirements() -> Sequence[Requirement]:
    """Return the ledger."""
    return ledger(PACKAGE)


@hookimpl
def register_operations() -> Sequence[Operation]:
    """Return the operations around the national services."""
    return [national_services_status(), *Insi().operations()]


@hookimpl
def register_scenarios() -> Sequence[Scenario]:
    """Return the scenarios of every room of the server."""
    return scenarios_in(
        "usager_server.accounts.conformity",
        "usager_server.birthplaces.conformity",
        "usager_server.backup.conformity",
        "usager_server.documents.conformity",
        "usager_server.documents.prefill.conformity",
        "usager_server.documents.production.conformity",
        "usager_server.http.conformity",
        "usager_server.identity.conformity",
        "usager_server.indicators.conformity",
        "usager_server.matching.conformity",
        "usager_server.national.insi.conformity",
        "usager_server.national.mssante.conformity",
        "usager_server.national.proxy.conformity",
        "usager_server.national.psc.conformity",
        "usager_server.national.status.conformity",
        "usager_server.operations.conformity",
    )


@hookimpl
def register_stand_ins() -> Sequence[StandIn]:
    """Return the stand-ins of the national services."""
    return [national_status, psc, psc_apis, mail, insi, mssante]
