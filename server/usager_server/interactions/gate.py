"""The gate: what each interaction needs of a grant, asked before anything is done; what has no rule is refused.

The store holds a caller to what is within reach, row by row (`repository/limited.py`). This says no earlier: to the
interaction itself, and to every entry of a transaction before its first write.
"""

from collections.abc import Callable, Mapping

from usager_server.access.reach import Reach
from usager_server.caller import Caller
from usager_server.errors import Forbidden
from usager_server.interactions.request import Request
from usager_server.interactions.routing import Name
from usager_server.interactions.session import House, Interaction, Operation, Reply, Session
from usager_server.traces.act import Act

Rule = Callable[[Reach, Request], None]
"""Refuses a request that a grant does not permit. Errors: Forbidden (403)."""


def _letters(letters: str) -> Rule:
    return lambda reach, request: reach.require(request.type, letters)


def _create(reach: Reach, request: Request) -> None:
    """Ask for s besides when the create bears a condition: the answer tells whether something matches."""
    is_conditional = request.if_none_exist is not None or any(not name.startswith("_") for name, _ in request.query)
    reach.require(request.type, "cs" if is_conditional else "c")


def _search_compartment(reach: Reach, request: Request) -> None:
    if request.member == "*":
        reach.every("s")
    else:
        reach.require(request.member, "s")


def _everywhere(reach: Reach, request: Request) -> None:
    """Ask for a scope of `*`, unless _type names what is wanted: those types are then asked for one by one."""
    if request.method == "GET" and not request.parameter("_type"):
        reach.every("s")


def _later(_reach: Reach, _request: Request) -> None:
    """Ask nothing here: an operation says itself what it needs, each entry of a Bundle is a request of its own."""


RULES: Mapping[Name, Rule] = {
    "bundle": _later,
    "capabilities": _later,
    "conditional_delete": _letters("ds"),
    # To change what is there one sees it: the answer is the whole resource, and a patch may test what it holds.
    "conditional_patch": _letters("rus"),
    "conditional_update": _letters("us"),
    "create": _create,
    "delete": _letters("d"),
    "history_instance": _letters("r"),
    "history_system": _everywhere,
    "history_type": _letters("s"),
    "operation": _later,
    "operation_by_get": _later,
    "patch": _letters("ru"),
    "read": _letters("r"),
    "search_compartment": _search_compartment,
    "search_system": _everywhere,
    "search_type": _letters("s"),
    "update": _letters("u"),
    "vread": _letters("r"),
}


def session_for(house: House, caller: Caller, base_url: str, act: Act | None = None) -> Session:
    """Return a caller at work: on the store of their tenant, or on the part of it that their grant reaches."""
    reach = house.reaches.of(caller.tenant, caller.grant)
    store = house.repository(caller.tenant, act)
    return Session(house, caller, store if reach is None else store.within(reach), base_url, act, reach)


def gated(name: Name, interaction: Interaction) -> Interaction:
    """Return an interaction behind its rule."""

    async def allowed(session: Session, request: Request) -> Reply:
        refuse_ungranted(session, name, request)
        return await interaction(session, request)

    return allowed


def refuse_ungranted(session: Session, name: Name, request: Request) -> None:
    """Refuse an interaction that the caller's grant does not permit. Errors: Forbidden (403)."""
    if session.reach is None:
        return
    rule = RULES.get(name)
    if rule is None:
        raise Forbidden(f"No rule says who may call the interaction {name}: it is for unlimited tokens only")
    rule(session.reach, request)


def refuse_operation(session: Session, operation: Operation, resource_type: str) -> None:
    """Refuse an operation whose needs the caller's grant does not meet, or that states none.

    Shape   resource_type: the one of the address, "" at the level of the system.
    Errors  Forbidden (403).
    """
    if session.reach is None:
        return
    if operation.needs is None:
        raise Forbidden(f"${operation.code} does not say which scopes it needs: it is for unlimited tokens only")
    for kind, letters in operation.needs.items():
        named = kind or resource_type
        if not named:
            raise Forbidden(f"${operation.code} on the whole system is for unlimited tokens only")
        session.reach.require(named, letters)
