"""The certificates around an operator: of the range, of another one, out of date, of a forger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from usager_server.sandbox.authorities import LIFE, Authority

# Written here again, and not taken from the software: a stand-in that shared its rule would prove nothing.
RANGE = "TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS"
OTHER_RANGE = "TEST AC IGC-SANTE STANDARD ORGANISATIONS"
ROOT = "TEST AC RACINE IGC-SANTE"
SOFTWARE_NAME, OPERATOR_NAME, UNIT = "usager.bac-a-sable", "operateur.bac-a-sable", "1990000001"
HOST, OTHER_HOST = "localhost", "autre-operateur.invalid"
PAST = -timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files: the authorities, and by kind those of the operator and those of a software that comes to it."""

    authorities: Path
    operator: Mapping[str, Path]
    software: Mapping[str, Path]


def made_in(folder: Path) -> Certificates:
    """Write them into a folder.

    Shape   both ranges stand below one root that is trusted, so that only the range tells them apart; the forger bears
            the name of the range, below a root that nobody trusts.
    """
    root, forged_root = Authority(ROOT), Authority(ROOT)
    authorities = {"range": Authority(RANGE, root), "other-range": Authority(OTHER_RANGE, root)}
    issuers = {**authorities, "expired": authorities["range"], "forged": Authority(RANGE, forged_root)}
    file = folder / "authorities.pem"
    file.write_bytes(root.pem + b"".join(it.pem for it in authorities.values()))

    def issued(what: str, kind: str, name: str, host: str) -> Path:
        until, hosts = PAST if kind == "expired" else LIFE, [host] if host else []
        return issuers.get(kind, authorities["range"]).issue(folder / f"{what}-{kind}.pem", name, UNIT, hosts, until)

    operator = {kind: issued("operator", kind, OPERATOR_NAME, HOST) for kind in issuers}
    operator["other-name"] = issued("operator", "other-name", OPERATOR_NAME, OTHER_HOST)
    return Certificates(file, operator, {kind: issued("software", kind, SOFTWARE_NAME, "") for kind in issuers})
