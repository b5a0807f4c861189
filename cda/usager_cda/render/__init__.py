"""Any CDA for the eye: an accessible page of HTML, and the file that it carries."""

from usager_cda.render.files import CarriedFile, carried_file
from usager_cda.render.page import html_from_cda
from usager_cda.render.producer import StyleRefused, html_by_producer

__all__ = ["CarriedFile", "StyleRefused", "carried_file", "html_by_producer", "html_from_cda"]
