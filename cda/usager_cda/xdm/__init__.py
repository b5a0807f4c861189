"""IHE_XDM.ZIP: documents and their metadata in one archive for the post, written and read (IHE XDM [ITI-32])."""

from usager_cda.xdm.build import XDMDocument, build_xdm
from usager_cda.xdm.members import XDM_LIMITS, UnsafeArchive, XDMLimits
from usager_cda.xdm.read import ReceivedDocument, XDMArchive, read_xdm
from usager_cda.xdm.read_metadata import Entry

__all__ = [
    "XDM_LIMITS",
    "Entry",
    "ReceivedDocument",
    "UnsafeArchive",
    "XDMArchive",
    "XDMDocument",
    "XDMLimits",
    "build_xdm",
    "read_xdm",
]
