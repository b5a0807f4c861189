"""Any CDA for the eye: an accessible page of HTML, and the file that it carries."""

from usager_cda.render.files import CarriedFile, carried_file
from usager_cda.render.page import html_from_cda

__all__ = ["CarriedFile", "carried_file", "html_from_cda"]
