"""Code systems and value sets: what a code means, what a value set holds, and finding one by typing."""

from usager_server.terminology.code_system import CodeSystem
from usager_server.terminology.concept import Concept, Designation
from usager_server.terminology.expansion import Expansion, Member
from usager_server.terminology.library import Library
from usager_server.terminology.shelf import Shelf

__all__ = ["CodeSystem", "Concept", "Designation", "Expansion", "Library", "Member", "Shelf"]
