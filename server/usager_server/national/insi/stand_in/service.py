"""The teleservice itself: who may call, what each operation answers, how often it was asked about whom."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree

from usager_server.national.insi.stand_in import answers
from usager_server.national.insi.stand_in.lots import Lots
from usager_server.national.insi.stand_in.persons import TEST_PERSONS, Person, bearer_of, found_among, person_of
from usager_server.national.insi.stand_in.soap import (
    BAM,
    LPS,
    SAML,
    WSA,
    WSSE,
    Refused,
    checked,
    envelope_of,
    fault,
    malformed,
)
from usager_server.sandbox.stand_in import Answer, Received

NAMES = ("INSI-AUTO", "INSI-MANU")
ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:"
TRAITS, CARD = "rechercherInsAvecTraitsIdentite", "rechercherInsAvecCarteVitale"
VERIFY, DEPOSIT, COLLECT = "verifierInsAvecTraitsIdentite", "deposerLotVerification", "recupererLotVerification"
ROOTS: Mapping[str, str] = {
    TRAITS: "{http://www.cnamts.fr/INSiRecSans}RECSANSVITALE",
    CARD: "{http://www.cnamts.fr/INSiRecVit}RECVITALE",
    VERIFY: "{http://www.cnamts.fr/INSiLot2/REQUnitaire}VERIFICATION",
    DEPOSIT: "{http://www.cnamts.fr/INSiLot2/REQLot}DEPOT",
    COLLECT: "{http://www.cnamts.fr/INSiLot2/REQLot}RECUPERATION",
}


class Teleservice:
    """Everything that INSi does. Shape: counts by operation and whom it was about."""

    def __init__(self, idam: str) -> None:
        self._idam = idam
        self._operations: Mapping[str, Callable[[Any], Answer]] = {
            TRAITS: self._search,
            CARD: self._search_by_card,
            VERIFY: self._verify,
            DEPOSIT: self._deposit,
            COLLECT: self._collect,
        }
        self.reset()

    def reset(self) -> None:
        """Know the test persons only."""
        self._persons: list[Person] = list(TEST_PERSONS)
        self._knows_all = False
        self._fault: Mapping[str, str] | None = None
        self._lots = Lots()
        self._turn = 0
        self.counts: Counter[tuple[str, str]] = Counter()

    def seed(self, data: Mapping[str, Any]) -> None:
        """Change what is known."""
        self._persons += [person_of(it) for it in data.get("persons", ())]
        self._knows_all = bool(data.get("knows_all", self._knows_all))
        self._fault = data.get("fault", self._fault)
        self._lots.waits = int(data.get("lot_waits", self._lots.waits))

    def with_certificate(self, request: Received) -> Answer:
        """Answer a call whose certificate says who calls."""
        name, unit = ("", "") if request.certificate is None else _names(request.certificate)
        return self._answer(request, lambda header: _check_certificate(header, name, unit))

    def with_assertion(self, request: Received, national_id: str) -> Answer:
        """Answer a call of a professional whom Pro Santé Connect proved."""
        return self._answer(request, lambda header: _check_assertion(header, national_id))

    def _answer(self, request: Received, check: Callable[[Any], None]) -> Answer:
        message_id = ""
        try:
            if request.method != "POST":
                return Answer(405, headers={"Allow": "POST"})
            root = envelope_of(request.body)
            action, message_id = _addressing(root[0], request.headers.get("content-type", ""))
            self._check_software(root[0])
            check(root[0])
            body = checked(root[1][0])
            if body.tag != ROOTS.get(action):
                raise malformed("the body is not the one of this action")
            if self._fault is not None:
                raise Refused(self._fault["siram"], self._fault["desir"], self._fault.get("text", "Refus demandé."))
            self._turn += 1
            return self._operations[action](body)
        except Refused as refusal:
            return fault(refusal, message_id)

    def _check_software(self, header: Any) -> None:
        context = checked(_block(header, f"{{{LPS}}}ContexteLPS"))
        checked(_block(header, f"{{{BAM}}}ContexteBAM"))
        if context.findtext(f"{{{LPS}}}LPS/{{{LPS}}}IDAM") != self._idam:
            raise Refused("siram_100", "desir_550", "Numéro d'autorisation du logiciel inconnu.")

    def _search(self, body: Any) -> Answer:
        name = _text(body, "NomNaissance")
        self.counts[TRAITS, name] += 1
        given = [it.text or "" for it in body.iterchildren(f"{{{_space(body)}}}Prenom")]
        traits = (_text(body, "Sexe"), _text(body, "DateNaissance"), _text(body, "LieuNaissance"))
        return answers.result(*found_among(self._persons, name, given, *traits), self._turn)

    def _search_by_card(self, body: Any) -> Answer:
        number = body.find(f"{{{_space(body)}}}MatriculeIndividu")
        number = body.find(f"{{{_space(body)}}}MatriculeOD") if number is None else number
        value = f"{_text(number, 'NumIdentifiant')}{_text(number, 'Cle')}"
        self.counts[CARD, value] += 1
        found = next(
            (it for it in self._persons if it.number == value and it.birth_date == _text(body, "DateNaissance")),
            None,
        )
        return answers.result("00" if found else "01", found, self._turn)

    def _verify(self, body: Any) -> Answer:
        number, code = self._judged(body)
        self.counts[VERIFY, number] += 1
        return answers.verified(code, self._turn)

    def _deposit(self, body: Any) -> Answer:
        judged = {}
        for item in body:
            number, code = self._judged(item)
            judged[item.get("Reference")] = code
            self.counts[DEPOSIT, number] += 1
        self._lots.deposit(body.get("IdLot"), judged)
        return answers.receipt(self._turn)

    def _collect(self, body: Any) -> Answer:
        lot_id = _text(body, "IdLot")
        self.counts[COLLECT, lot_id] += 1
        return answers.lot(*self._lots.collect(lot_id), self._turn)

    def _judged(self, holder: Any) -> tuple[str, str]:
        """Return the number of a claim, and the code of its verification."""
        space = _space(holder)
        claim = holder.find(f"{{{space}}}IndividuVerifie")
        ins, traits = claim.find(f"{{{space}}}INSFourni"), claim.find(f"{{{space}}}TraitsIdentiteIndividu")
        identifier = ins.find(f"{{{space}}}IdIndividu")
        number = f"{_text(identifier, 'NumIdentifiant')}{_text(identifier, 'Cle')}"
        if self._knows_all:
            return number, "00"
        bearer = bearer_of(self._persons, number, _text(ins, "OID"))
        given = {name: _text(traits, name) for name in ("NomNaissance", "ListePrenom", "Sexe", "DateNaissance")}
        known = bearer and {
            "NomNaissance": bearer.birth_name,
            "ListePrenom": bearer.given_names,
            "Sexe": bearer.sex,
            "DateNaissance": bearer.birth_date,
        }
        place = _text(traits, "LieuNaissance")
        agrees = bearer is not None and given == known and place in ("", bearer.birth_place)
        return number, "00" if agrees else "01"


def _addressing(header: Any, content_type: str) -> tuple[str, str]:
    """Return the action, without its beginning, and the message id. Errors: Refused."""
    action, message_id = header.findtext(f"{{{WSA}}}Action") or "", header.findtext(f"{{{WSA}}}MessageID") or ""
    if not message_id.startswith("uuid:"):
        raise malformed("MessageID is uuid:…")
    if not content_type.startswith("application/soap+xml") or f'action="{action}"' not in content_type:
        raise malformed("the Content-Type is application/soap+xml, with the action of the header")
    return action.removeprefix(ACTION), message_id


def _check_certificate(header: Any, name: str, unit: str) -> None:
    if name not in NAMES:
        raise Refused("siram_110", "desir_560", "Niveau d'habilitation insuffisant.")
    if header.find(f"{{{WSSE}}}Security") is not None:
        raise malformed("with a certificate there is no assertion")
    senders = {header.findtext(f"{{{it}}}{block}/{{{it}}}Emetteur") for it, block in _CONTEXTS}
    if senders != {unit}:
        raise malformed("Emetteur is not the organisation of the certificate")


def _check_assertion(header: Any, national_id: str) -> None:
    security = _block(header, f"{{{WSSE}}}Security")
    if len(security) != 1:
        raise malformed("Security holds one assertion")
    assertion = checked(security[0])
    if assertion.findtext(f"{{{SAML}}}Subject/{{{SAML}}}NameID") != national_id:
        raise Refused("siram_110", "desir_560", "L'assertion n'est pas celle du professionnel authentifié.")


_CONTEXTS = ((BAM, "ContexteBAM"), (LPS, "ContexteLPS"))


def _block(header: Any, tag: str) -> Any:
    found = header.findall(tag)
    if len(found) != 1:
        raise malformed(f"the header has one {etree.QName(tag).localname}")
    return found[0]


def _names(certificate: bytes) -> tuple[str, str]:
    """Return the common name and the organisational unit of a certificate."""
    subject = x509.load_der_x509_certificate(certificate).subject
    found = [subject.get_attributes_for_oid(it) for it in (NameOID.COMMON_NAME, NameOID.ORGANIZATIONAL_UNIT_NAME)]
    name, unit = (str(it[0].value) if it else "" for it in found)
    return name, unit


def _space(element: Any) -> str:
    return str(etree.QName(element).namespace)


def _text(element: Any, name: str) -> str:
    return element.findtext(f"{{{_space(element)}}}{name}") or ""
