"""The CDA datatypes that the header uses, a file each: CDA element <-> plain value <-> FHIR datatype."""

from typing import Any

Tree = dict[str, Any]
