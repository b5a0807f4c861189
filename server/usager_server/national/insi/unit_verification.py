"""WS_INS3, the verification of one identity. Designed: its contract is not public; replace this module when it is had.

What is known of it: IndividuVerifie holds INSFourni and TraitsIdentiteIndividu, and the namespace of the answer.
"""

import re
from typing import Any

from lxml import etree

from usager_server.errors import ServiceRefused
from usager_server.national.insi.asking import add_texts
from usager_server.national.insi.messages import Claimed, Reply
from usager_server.national.insi.names import ACTION as ACTIONS
from usager_server.national.insi.names import default_prefix, tag
from usager_server.national.insi.xml import child, text_of

ACTION = f"{ACTIONS}verifierInsAvecTraitsIdentite"
REQUEST = "http://www.cnamts.fr/INSiLot2/REQUnitaire"
ANSWER = "http://www.cnamts.fr/INSiLot2/REPUnitaire"
CODE = re.compile(r"[0-9A-Za-z]{1,10}")
LABEL = re.compile(r"[^\x00-\x1f]{1,200}")


def body_of(claimed: Claimed) -> Any:
    """Return the tree of a verification."""
    root = etree.Element(tag(REQUEST, "VERIFICATION"), nsmap=default_prefix(REQUEST))
    add_claim(root, claimed, REQUEST)
    return root


def add_claim(parent: Any, claimed: Claimed, namespace: str) -> None:
    """Add the identity to be verified."""
    individual = etree.SubElement(parent, tag(namespace, "IndividuVerifie"))
    given = etree.SubElement(individual, tag(namespace, "INSFourni"))
    number = etree.SubElement(given, tag(namespace, "IdIndividu"))
    ins, traits = claimed.ins, claimed.traits
    texts = [("NumIdentifiant", ins.number.body), ("Cle", ins.number.key), ("TypeMatricule", ins.number.kind)]
    add_texts(number, namespace, texts)
    add_texts(given, namespace, [("OID", ins.oid)])
    described = etree.SubElement(individual, tag(namespace, "TraitsIdentiteIndividu"))
    add_texts(
        described,
        namespace,
        [
            ("NomNaissance", traits.birth_name),
            ("Prenom", traits.given_name),
            ("ListePrenom", traits.given_names),
            ("Sexe", traits.sex),
            ("DateNaissance", traits.birth_date),
            ("LieuNaissance", traits.birth_place),
        ],
    )


def reply_of(body: Any) -> Reply:
    """Return the answer: code 00 when the identity is the one that INSi knows, another when it is not."""
    if body.tag != tag(ANSWER, "RESULTAT"):
        raise ServiceRefused("the answer is not that of a verification")
    outcome = child(body, ANSWER, "CR")
    return Reply(text_of(outcome, ANSWER, "CodeCR", CODE), text_of(outcome, ANSWER, "LibelleCR", LABEL, least=0))
