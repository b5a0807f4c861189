"""Patient/$prefill: a document before anyone has written it, filled with what the record holds; nothing is stored."""

import asyncio
import re
from datetime import UTC, datetime
from typing import Any

from usager_server.errors import Invalid
from usager_server.interactions.session import Operation, OperationRequest, Reply, Session, instant_text, now
from usager_server.operations.coded import text_given
from usager_server.operations.definition import operation_definition, parameter
from usager_server.operations.parameters import given, text_of

REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
DAY = re.compile(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?", re.ASCII)
ROUNDS = 3
VACCINE_LENGTH_MOST = 200


async def prefill_document(session: Session, request: OperationRequest) -> Reply:
    """Return the transaction that stores the document once someone has completed it.

    Shape   see docs/operations/prefill.md. Order: the Composition, new resources, those of the record.
    Errors  Invalid (400) on a type that is not known or a parameter that cannot be read; NotFound (404), Gone (410).
    Time    its statements depend on the outline alone.
    """
    # With these comes all of usager_cda: not at every start.
    from usager_server.documents.prefill.asking import missing_in, needed_by
    from usager_server.documents.prefill.compose import bundle_of, composition_of, prefilled
    from usager_server.operations.prefill_reading import read_all, read_record
    from usager_server.operations.prefill_setting import read_setting, version_before

    asked = _asked(session, request)
    setting = await read_setting(session, request.resource_id or "", asked)
    former = await version_before(session, setting)
    record = await read_record(session, setting)
    draft = prefilled(asked.outline, setting, record, former)
    composition = composition_of(draft)
    others = {f"Patient/{setting.patient['id']}": setting.patient, **record.at_hand}
    for _ in range(ROUNDS):
        needed = needed_by(draft, composition, others.values(), session.base_url) - others.keys()
        if not needed:
            break
        others |= await read_all(session, needed)
    draft.findings += await asyncio.to_thread(missing_in, draft, composition, others.values(), session.base_url)
    return Reply(resource=bundle_of(draft, composition, session.base_url))


def _asked(session: Session, request: OperationRequest) -> Any:
    from usager_server.documents.prefill.gs1 import box_from_text
    from usager_server.documents.prefill.outlines import outline_for
    from usager_server.documents.prefill.setting import Asked

    outline, code = outline_for(text_of(request, "type"))
    scanned = text_given(request, "datamatrix")
    vaccine = text_given(request, "vaccine")
    if vaccine and len(vaccine) > VACCINE_LENGTH_MOST:
        raise _refused("vaccine", f"it has {len(vaccine)} characters; expected {VACCINE_LENGTH_MOST} at most")
    return Asked(
        outline=outline,
        code=code,
        moment=instant_text(now()),
        author=_reference(session, request, "author"),
        encounter=_reference(session, request, "encounter"),
        replaces=_reference(session, request, "replaces"),
        vaccine=vaccine,
        box=box_from_text(scanned, datetime.now(UTC).date()) if scanned else None,
        day=_day(request),
    )


def _reference(session: Session, request: OperationRequest, name: str) -> str | None:
    value = given(request, name)
    text = value.get("reference") if isinstance(value, dict) else value
    if text is None:
        return None
    relative = str(text).removeprefix(f"{session.base_url}/")
    if not REFERENCE.fullmatch(relative):
        raise _refused(name, f"it is {str(text)[:80]!r}; expected a reference to a resource here: Type/id")
    return relative


def _day(request: OperationRequest) -> str | None:
    text = text_given(request, "date")
    if text is not None and not DAY.fullmatch(text):
        raise _refused("date", f"it is {text[:40]!r}; expected a day or an instant: 2026-03-12T10:15:00+01:00")
    return text


def _refused(name: str, message: str) -> Invalid:
    return Invalid(f"{name}: {message}", f"Parameters.parameter.where(name = '{name}')", code="value")


prefill = Operation(
    operation_definition(
        "prefill",
        "Prefills a document of a patient: a Composition of the type, its sections filled with what the record holds, "
        "as a transaction that may be changed and posted. Nothing is stored. A type that is kept up to date gives the "
        "next version of the document there is.",
        levels=["instance"],
        resource=["Patient"],
        parameters=[
            parameter("type", "string", "The type of document: its code, or the name of its outline", least=1),
            parameter("author", "Reference", "Who writes: a Practitioner or PractitionerRole; else who is signed in"),
            parameter("encounter", "Reference", "The stay; else the latest one that goes on"),
            parameter("replaces", "Reference", "The Composition of which this is the next version"),
            parameter("vaccine", "string", "The vaccine of a note: CIS, CIP or ATC code, name or disease"),
            parameter("datamatrix", "string", "The DataMatrix of a vaccine or a rapid test, scanned or typed"),
            parameter("date", "dateTime", "When the act took place; else now"),
            parameter("return", "Bundle", "A transaction, its Composition first", use="out", least=1),
        ],
    ),
    prefill_document,
    needs={"": "r"},
)
