"""SOAP faults: what INSi refuses, in its codes, and what to tell the person in French."""

import re
from typing import Any

from usager_server.errors import ServiceRefused
from usager_server.national.insi.names import SIRAM, SOAP, tag

TEXT_LIMIT = 300
CODE = re.compile(r"(?:siram|desir)_\d{1,6}")

UNKNOWN_SOFTWARE = (
    "INSi ne connaît pas le numéro d'autorisation de ce logiciel : l'administrateur vérifie USAGER_INSI_IDAM."
)
NOT_ALLOWED = (
    "INSi refuse le certificat de la structure ou les droits du professionnel : l'administrateur vérifie le "
    "certificat (INSI-AUTO ou INSI-MANU), la structure et le secteur d'activité."
)
OTHER = "INSi refuse la demande."
TOLD = {"siram_100": UNKNOWN_SOFTWARE, "desir_550": UNKNOWN_SOFTWARE, "desir_560": NOT_ALLOWED}


class InsiRefused(ServiceRefused):
    """INSi refused a call.

    Shape   siram and desir are its codes, "" when it gave none; told is French, for the person; message_id is that of
            INSi's own trace. The text of the exception holds codes only.
    """

    def __init__(self, siram: str, desir: str, text: str, message_id: str) -> None:
        self.siram, self.desir, self.message_id = siram, desir, message_id
        known = TOLD.get(desir) or TOLD.get(siram) or OTHER
        codes = ", ".join(filter(None, (siram, desir)))
        self.told = f"{known} INSi dit : « {text} »" if text else known
        self.told += f" ({codes})" if codes else ""
        super().__init__(codes or "a fault without a code")

    @property
    def is_of_installation(self) -> bool:
        """Say whether it is the software or its certificate that INSi does not take: the next call would fail too."""
        return self.desir in TOLD or self.siram in TOLD


def fault_in(body: Any) -> InsiRefused | None:
    """Return the fault that a SOAP body holds, or None.

    Source  ins.md 4.3: Subcode siram_NNN; Detail/siram:Erreur with code desir_NNN, severite, messageID.
    """
    fault = body.find(tag(SOAP, "Fault"))
    if fault is None:
        return None
    subcode = fault.findtext(f"{tag(SOAP, 'Code')}/{tag(SOAP, 'Subcode')}/{tag(SOAP, 'Value')}") or ""
    reason = fault.findtext(f"{tag(SOAP, 'Reason')}/{tag(SOAP, 'Text')}") or ""
    detail = fault.find(f"{tag(SOAP, 'Detail')}/{tag(SIRAM, 'Erreur')}")
    code, said, message_id = "", "", ""
    if detail is not None:
        code, said, message_id = detail.get("code", ""), detail.text or "", detail.get("messageID", "")
    return InsiRefused(_code(subcode.rpartition(":")[2]), _code(code), _plain(said or reason), _plain(message_id)[:60])


def _code(text: str) -> str:
    return text.strip() if CODE.fullmatch(text.strip()) else ""


def _plain(text: str) -> str:
    return " ".join("".join(it if it.isprintable() else " " for it in text[:TEXT_LIMIT]).split())
