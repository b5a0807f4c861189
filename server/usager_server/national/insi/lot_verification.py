"""WS_INS4 and WS_INS5, the verification of a batch. Designed: the contract is not public; replace this module then.

A lot bears an id of ours, so that one whose deposit got no answer can be asked after instead of being sent again.
"""

import re
from typing import Any

from lxml import etree

from usager_server.errors import ServiceRefused
from usager_server.national.insi.asking import add_texts
from usager_server.national.insi.messages import PENDING, Deposit, Lot, Reply
from usager_server.national.insi.names import ACTION as ACTIONS
from usager_server.national.insi.names import default_prefix, tag
from usager_server.national.insi.unit_verification import CODE, LABEL, add_claim
from usager_server.national.insi.xml import child, children, text_of

DEPOSIT = f"{ACTIONS}deposerLotVerification"
COLLECT = f"{ACTIONS}recupererLotVerification"
REQUEST = "http://www.cnamts.fr/INSiLot2/REQLot"
ANSWER = "http://www.cnamts.fr/INSiLot2/REPLot"
REFERENCE = re.compile(r"[A-Za-z0-9.\-]{1,64}")
UNKNOWN, READY = "11", "00"


def deposit_body(deposit: Deposit) -> Any:
    """Return the tree of a deposit."""
    root = etree.Element(tag(REQUEST, "DEPOT"), nsmap=default_prefix(REQUEST), IdLot=deposit.lot_id)
    for reference, claimed in deposit.claims:
        item = etree.SubElement(root, tag(REQUEST, "Element"), Reference=reference)
        add_claim(item, claimed, REQUEST)
    return root


def collection_body(lot_id: str) -> Any:
    """Return the tree that asks after a lot."""
    root = etree.Element(tag(REQUEST, "RECUPERATION"), nsmap=default_prefix(REQUEST))
    add_texts(root, REQUEST, [("IdLot", lot_id)])
    return root


def receipt_of(body: Any) -> Reply:
    """Return the answer to a deposit: code 00 when the lot was taken."""
    return _outcome(body)


def lot_of(body: Any) -> Lot | None:
    """Return what became of a lot, None when INSi does not know it."""
    code = _outcome(body).code
    if code == UNKNOWN:
        return None
    if code == PENDING:
        return Lot(is_ready=False)
    if code != READY:
        raise ServiceRefused(f"the answer about a lot has the code {code}")
    codes = {}
    for item in children(body, ANSWER, "Element"):
        reference = item.get("Reference", "")
        if not REFERENCE.fullmatch(reference):
            raise ServiceRefused("the answer has an element without a reference of ours")
        codes[reference] = text_of(item, ANSWER, "CodeCR", CODE)
    return Lot(is_ready=True, codes=codes)


def _outcome(body: Any) -> Reply:
    if body.tag != tag(ANSWER, "RESULTAT"):
        raise ServiceRefused("the answer is not that of a lot")
    outcome = child(body, ANSWER, "CR")
    return Reply(text_of(outcome, ANSWER, "CodeCR", CODE), text_of(outcome, ANSWER, "LibelleCR", LABEL, least=0))
