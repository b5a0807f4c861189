"""INSi's wire <-> the traits and the matricule of an identity; pure functions."""

from collections.abc import Callable

from usager_server.errors import ServiceRefused
from usager_server.identity.birth_dates import completed
from usager_server.identity.events import Retrieved
from usager_server.identity.lexical import insi_text
from usager_server.identity.matricule import KINDS, Matricule, key_of
from usager_server.identity.traits import UNKNOWN_PLACE, Traits
from usager_server.national.insi import messages

LabelOf = Callable[[str, str], str]
"""Gives the name of a place by its code and a day, "" when it is not known here."""


def sought_of(traits: Traits, given_names: tuple[str, ...], *, with_place: bool = False) -> messages.Sought:
    """Return what is asked about somebody: names in INSi's letters, the place of birth only when it is wanted."""
    return messages.Sought(
        birth_name=insi_text(traits.birth_name),
        given_names=tuple(insi_text(it) for it in given_names),
        sex=traits.sex,
        birth_date=traits.birth_date,
        birth_place=traits.birth_place if with_place else "",
    )


def claimed_of(matricule: Matricule, traits: Traits) -> messages.Claimed:
    """Return an identity to be verified. Shape: a place that nobody knows is left out."""
    return messages.Claimed(
        messages.Ins(messages.Number(matricule.value[:13], matricule.value[13:]), matricule.oid),
        messages.Traits(
            birth_name=insi_text(traits.birth_name),
            given_name="",
            given_names=insi_text(traits.birth_given_names or traits.first_birth_given_name),
            sex=traits.sex,
            birth_date=traits.birth_date,
            birth_place="" if traits.birth_place == UNKNOWN_PLACE else traits.birth_place,
        ),
    )


def traits_of(received: messages.Traits, label_of: LabelOf) -> Traits:
    """Return the traits of an answer, as they came; a date that is not whole is completed, and says so.

    Errors  ServiceRefused for a date that is none.
    """
    try:
        birth_date, is_estimated = completed(received.birth_date)
    except ValueError as error:
        raise ServiceRefused("the answer has a date of birth that is none") from error
    return Traits(
        birth_name=received.birth_name,
        first_birth_given_name=received.given_name,
        birth_given_names=received.given_names,
        sex=received.sex,
        birth_date=birth_date,
        birth_date_estimated=is_estimated,
        birth_place=received.birth_place,
        birth_place_label=label_of(received.birth_place, birth_date) if received.birth_place else "",
    )


def matricule_of(ins: messages.Ins) -> Matricule:
    """Return a matricule with its key, computed when INSi left it out. Errors: ServiceRefused for one that is none."""
    if ins.oid not in KINDS:
        raise ServiceRefused(f"the answer has a matricule under the OID {ins.oid}, which is none of the INS")
    try:
        return Matricule(ins.number.body + (ins.number.key or key_of(ins.number.body)), ins.oid)
    except ValueError as error:
        raise ServiceRefused("the answer has a matricule that is none") from error


def retrieved_of(individual: messages.Individual, call: messages.Call, moment: str, label_of: LabelOf) -> Retrieved:
    """Return what an answer means for an identity. Shape: moment is an instant as FHIR writes it."""
    active = matricule_of(individual.active)
    history = dict.fromkeys(matricule_of(it) for it in individual.history)
    return Retrieved(
        matricule=active.value,
        oid=active.oid,
        traits=traits_of(individual.traits, label_of),
        history=tuple(it for it in history if it != active),
        moment=moment,
        operation=call.operation,
        message_id=call.message_id,
    )
