"""How each participation of the header is laid out: one table, read by `read.py` and written by `write.py`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shape:
    """The names of the elements of one kind of participation.

    Shape   moment is TS (a signature, a writing), IVL_TS (a taking part) or None; class_code and type_code are what an
            entity and a participation that must have one get by default; single_id where one identifier is the limit.
    """

    entity: str
    person: str | None
    organization: str | None
    moment: str | None = None
    has_function: bool = False
    single_id: bool = False
    class_code: str | None = None
    type_code: str | None = None


ASSIGNED = ("assignedEntity", "assignedPerson", "representedOrganization")

SHAPES = {
    "author": Shape("assignedAuthor", "assignedPerson", "representedOrganization", "TS", has_function=True),
    "dataEnterer": Shape(*ASSIGNED, "TS"),
    "informant": Shape(*ASSIGNED),
    "relative": Shape("relatedEntity", "relatedPerson", None, class_code="CON"),
    "informationRecipient": Shape("intendedRecipient", "informationRecipient", "receivedOrganization"),
    "legalAuthenticator": Shape(*ASSIGNED, "TS", single_id=True),
    "authenticator": Shape(*ASSIGNED, "TS", single_id=True),
    "participant": Shape(
        "associatedEntity",
        "associatedPerson",
        "scopingOrganization",
        "IVL_TS",
        has_function=True,
        class_code="PROV",
        type_code="INF",
    ),
    "performer": Shape(*ASSIGNED, "IVL_TS", has_function=True, single_id=True, type_code="PRF"),
    "responsibleParty": Shape(*ASSIGNED),
    "encounterParticipant": Shape(*ASSIGNED, "IVL_TS", type_code="ATND"),
}
