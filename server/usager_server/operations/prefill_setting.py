"""Who writes a prefilled document, where and during which stay: what the caller said, else what the record says."""

from typing import Any

from usager_server.documents.prefill.setting import Asked, Former, Setting
from usager_server.errors import Gone, Invalid, NotFound
from usager_server.interactions.session import Session
from usager_server.jsontext import parse_json
from usager_server.operations.prefill_reading import find_first, permitted, read_all, read_former

Tree = dict[str, Any]

IN_PLACE = ("status", "in-progress,onleave")
LATEST = ("_sort", "-date")
AUTHORS = ("PractitionerRole", "Practitioner", "Organization", "Device")
AUTHOR = "Parameters.parameter.where(name = 'author')"
STAYS_LOOKED_AT = 20
VERSIONS_LOOKED_AT = 20


async def read_setting(session: Session, patient_id: str, asked: Asked) -> Setting:
    """Return what stands in the header. Errors: NotFound (404), Gone (410), Invalid (400) on a reference to nothing."""
    patient = await _patient(session, patient_id)
    encounter = await _encounter(session, patient_id, asked)
    provider = (encounter.get("serviceProvider") or {}).get("reference")
    author = await _author(session, asked, provider)
    managing = (patient.get("managingOrganization") or {}).get("reference")
    keeper = provider or (author.get("organization") or {}).get("reference") or managing
    writer = (author.get("practitioner") or {}).get("reference")
    found = await read_all(session, list(filter(None, (keeper, writer))))
    return Setting(
        asked,
        patient,
        author=author,
        writer=found.get(writer or "", author if author.get("resourceType") == "Practitioner" else {}),
        encounter=encounter,
        custodian=found.get(keeper or "", {}),
    )


async def _patient(session: Session, patient_id: str) -> Tree:
    stored = await session.repository.read("Patient", patient_id)
    if stored is None:
        raise NotFound(f"There is no Patient/{patient_id}")
    if stored.document is None:
        raise Gone(f"Patient/{patient_id} was deleted")
    patient: Tree = parse_json(stored.document.encode())
    return patient


async def _encounter(session: Session, patient_id: str, asked: Asked) -> Tree:
    """Return the stay: the one asked for, else the latest that goes on, its movements and events left aside."""
    if asked.encounter:
        return await _read(session, asked.encounter, "encounter", of=patient_id)
    search = find_first(session, patient_id, "Encounter", IN_PLACE, LATEST, count=STAYS_LOOKED_AT)
    found: list[Tree] = await permitted(search, [])
    stays = [each for each in found if "partOf" not in each]
    return next(iter([*stays, *found]), {})


async def _author(session: Session, asked: Asked, provider: str | None) -> Tree:
    """Return who writes: a person in their role at the place of the stay, if they have one there."""
    name = asked.author or session.caller.grant.practitioner
    if name is None:
        return {}
    if asked.author is None and not await read_all(session, [name]):
        return {}  # signed in, and unknown to what they may read
    author = await _read(session, name, "author")
    if author["resourceType"] not in AUTHORS:
        expected = f"expected {', '.join(AUTHORS)}"
        raise Invalid(f"author: {author['resourceType']} writes no document; {expected}", AUTHOR, code="value")
    if author["resourceType"] != "Practitioner":
        return author
    search = find_first(session, None, "PractitionerRole", ("practitioner", name), count=STAYS_LOOKED_AT)
    roles: list[Tree] = await permitted(search, [])
    active = [each for each in roles if each.get("active") is not False]
    here = [each for each in active if (each.get("organization") or {}).get("reference") == provider]
    return next(iter([*here, *active]), author)


async def _read(session: Session, name: str, parameter: str, of: str | None = None) -> Tree:
    place = f"Parameters.parameter.where(name = '{parameter}')"
    resource = (await read_all(session, [name])).get(name)
    if resource is None:
        raise Invalid(f"{name} is not here", place, code="not-found")
    if of and (resource.get("subject") or {}).get("reference") != f"Patient/{of}":
        raise Invalid(f"{name} is not about Patient/{of}", place, code="value")
    return resource


async def version_before(session: Session, setting: Setting) -> Former | None:
    """Return the document that this one replaces: the one asked for, or the last one of a type that is kept up to date.

    Shape   a Composition that came in a document from elsewhere (it bears its source) is nobody's here to replace.
    """
    asked, patient_id = setting.asked, str(setting.patient["id"])
    if asked.replaces:
        return await read_former(session, await _read(session, asked.replaces, "replaces", of=patient_id))
    if not asked.outline.is_kept_up:
        return None
    kind = ("type", ",".join((asked.code, *asked.outline.others, asked.outline.code)))
    latest = await find_first(session, patient_id, "Composition", kind, LATEST, count=VERSIONS_LOOKED_AT)
    ours = (each for each in latest if not _is_foreign(each) and each.get("status") != "entered-in-error")
    before = next(ours, None)
    return await read_former(session, before) if before else None


def _is_foreign(composition: Tree) -> bool:
    return str((composition.get("meta") or {}).get("source", "")).startswith("urn:")
