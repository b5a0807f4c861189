"""The bodies of the searches: by traits (WS_INS2), by what a carte Vitale says (WS_INS1)."""

from collections.abc import Iterable
from typing import Any

from lxml import etree

from usager_server.national.insi.messages import CardHolder, Number, Sought
from usager_server.national.insi.names import ACTION, BY_CARD, BY_TRAITS, default_prefix, tag

SEARCH_BY_TRAITS = f"{ACTION}rechercherInsAvecTraitsIdentite"
SEARCH_BY_CARD = f"{ACTION}rechercherInsAvecCarteVitale"


def body_by_traits(sought: Sought) -> Any:
    """Return the tree of a search by traits; the place of birth is there only when it is asked by."""
    root = etree.Element(tag(BY_TRAITS, "RECSANSVITALE"), nsmap=default_prefix(BY_TRAITS))
    children = [("NomNaissance", sought.birth_name), *(("Prenom", it) for it in sought.given_names)]
    children += [("Sexe", sought.sex), ("DateNaissance", sought.birth_date), ("LieuNaissance", sought.birth_place)]
    add_texts(root, BY_TRAITS, children)
    return root


def body_by_card(holder: CardHolder) -> Any:
    """Return the tree of a search by what a card says."""
    root = etree.Element(tag(BY_CARD, "RECVITALE"), nsmap=default_prefix(BY_CARD))
    if holder.own is not None:
        _number(root, "MatriculeIndividu", holder.own)
    _number(root, "MatriculeOD", holder.insured)
    texts = [("NomNaissance", holder.birth_name), ("DateNaissance", holder.birth_date), ("RangNaissance", holder.rank)]
    add_texts(root, BY_CARD, texts)
    return root


def add_texts(parent: Any, namespace: str, texts: Iterable[tuple[str, str]]) -> None:
    """Add an element for each text that is not empty."""
    for name, text in texts:
        if text:
            etree.SubElement(parent, tag(namespace, name)).text = text


def _number(parent: Any, name: str, number: Number) -> None:
    element = etree.SubElement(parent, tag(BY_CARD, name))
    texts = [("NumIdentifiant", number.body), ("Cle", number.key), ("TypeMatricule", number.kind)]
    add_texts(element, BY_CARD, texts)
