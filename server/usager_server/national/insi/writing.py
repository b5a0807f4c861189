"""Writes an identity that INSi changed: by the server's own hand, since nobody may write an INS."""

from typing import Any

from usager_server.interactions.checks import check_resource
from usager_server.interactions.session import Reply, Session
from usager_server.interactions.writing import new_draft, new_id


async def store_identity(session: Session, patient: dict[str, Any], patient_id: str | None, version: int) -> Reply:
    """Store a Patient over a version, or as a new one; the answer is the Patient.

    Errors  Unprocessable (422) when it does not follow its profiles; VersionConflict (412) at another version.
    """
    await check_resource(session, patient, "Patient")
    draft = new_draft(session, patient, patient_id or new_id(), "PUT" if patient_id else "POST")
    if patient_id is None:
        await session.repository.create([draft])
        stored = draft.stored(1)
    else:
        stored = (await session.repository.update(draft, expected_version=version, may_create=False)).stored
    return Reply(
        200 if patient_id else 201,
        document=stored.document,
        version=stored.version,
        last_modified=stored.last_updated,
        location=f"Patient/{stored.id}/_history/{stored.version}",
    )
