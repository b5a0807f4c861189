"""batch and transaction: many interactions in one request."""

from typing import Any

from usager_server.errors import Invalid, TooLarge
from usager_server.interactions.batch import batch
from usager_server.interactions.checks import REFUSING, judged
from usager_server.interactions.request import Request
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.transaction import transaction

KINDS = ("batch", "transaction")


async def bundle(session: Session, request: Request) -> Reply:
    """Do what each entry of a Bundle asks, apart (batch) or all together (transaction).

    Shape   a Bundle of type batch-response or transaction-response, entries in the order of the request.
    Errors  Invalid (400), TooLarge (413) over bundle_limit_entries; a transaction fails with the error of its first
            entry that cannot be done, a batch only says so in the entry.
    Source  FHIR R4 http.html#transaction.
    """
    resource = await request.body.resource()
    await check_bundle(session, resource)
    if session.act is not None:
        session.act.kind = resource["type"]
    if resource["type"] == "batch":
        return await batch(session, resource, request.prefer)
    return await transaction(session, resource, request.prefer)


async def check_bundle(session: Session, resource: dict[str, Any]) -> None:
    """Refuse what is not a batch or transaction of a size we take, before its entries are looked at."""
    if resource.get("resourceType") != "Bundle":
        raise Invalid(f"A Bundle is expected at the base, not {resource.get('resourceType')!r}", "resourceType")
    if resource.get("type") not in KINDS:
        raise Invalid(f"The type of the Bundle is batch or transaction, not {resource.get('type')!r}", "Bundle.type")
    entries = resource.get("entry", [])
    limit = session.house.settings.bundle_limit_entries
    if isinstance(entries, list) and len(entries) > limit:
        raise TooLarge(f"{len(entries)} entries; a Bundle may have at most {limit} here: send several", "Bundle.entry")
    await _check_shell(session, resource)


async def _check_shell(session: Session, resource: dict[str, Any]) -> None:
    """Refuse a Bundle that is not R4 around the resources it carries; those are checked entry by entry."""
    entries = resource.get("entry", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise Invalid("Bundle.entry is a list of objects", "Bundle.entry", code="structure")
    # An entry that is only a resource is not empty, which the placeholder says in its stead.
    bare = [{name: value for name, value in e.items() if name != "resource"} or {"id": "bare"} for e in entries]
    shell = {**resource, "entry": bare} if entries else resource
    validator = session.house.validator
    issues = await judged(lambda seconds: validator.structure(shell, "Bundle", seconds=seconds))
    found = [issue for issue in issues if issue.severity in REFUSING]
    if found:
        raise Invalid(issues=found)
