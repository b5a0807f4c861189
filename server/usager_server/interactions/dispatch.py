"""Every interaction under the name that the table of addresses has for it."""

from collections.abc import Mapping

from usager_server.interactions.bundle import bundle
from usager_server.interactions.capabilities import capabilities
from usager_server.interactions.create import create
from usager_server.interactions.delete import conditional_delete, delete
from usager_server.interactions.history_instance import history_instance
from usager_server.interactions.history_system import history_system
from usager_server.interactions.history_type import history_type
from usager_server.interactions.operation import operation, operation_by_get
from usager_server.interactions.patch import conditional_patch, patch
from usager_server.interactions.read import read
from usager_server.interactions.routing import Name
from usager_server.interactions.search_compartment import search_compartment
from usager_server.interactions.search_system import search_system
from usager_server.interactions.search_type import search_type
from usager_server.interactions.session import Interaction
from usager_server.interactions.update import conditional_update, update
from usager_server.interactions.vread import vread

INTERACTIONS: Mapping[Name, Interaction] = {
    "bundle": bundle,
    "capabilities": capabilities,
    "conditional_delete": conditional_delete,
    "conditional_patch": conditional_patch,
    "conditional_update": conditional_update,
    "create": create,
    "delete": delete,
    "history_instance": history_instance,
    "history_system": history_system,
    "history_type": history_type,
    "operation": operation,
    "operation_by_get": operation_by_get,
    "patch": patch,
    "read": read,
    "search_compartment": search_compartment,
    "search_system": search_system,
    "search_type": search_type,
    "update": update,
    "vread": vread,
}
