"""Validation of CDA documents: our own rules, the schemas, and the schematrons of a rules pack that the user names."""

from usager_cda.validation.own import check_document
from usager_cda.validation.report import Remark, Report

__all__ = ["Remark", "Report", "check_document"]
