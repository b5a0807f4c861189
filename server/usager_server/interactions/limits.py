"""How much one interaction may ask for; docs/limits.md lists these with those of the other floors.

What an operator may choose (the size of a body, the entries of a Bundle) is in `settings.py`.
"""

PARAMETERS_LIMIT = 200
FORM_LIMIT_BYTES = 1024 * 1024

PATCH_OPERATIONS_LIMIT = 1000

PATCH_COPIES_LIMIT = 100_000
"""Values that all the copies of a JSON Patch may make: a list copied into itself doubles each time."""

PATCH_PATH_STEPS = 200_000
PATCH_PATHS_SECONDS = 2.0
"""A bound for each path of a FHIRPath Patch, and one for all: everyone waits while they run."""

EVERYTHING_LIMIT_BYTES = 64 * 1024 * 1024
"""After so much of a record, $everything goes on in the link "next"."""

DOCUMENT_VERSIONS_LIMIT = 200
"""Versions of one document that $import-cda and $document look at; one is current at most, and history behind it."""

DOCUMENT_RESOURCES_LIMIT = 500
"""Resources that $document gathers for one document, the Composition aside."""

DOCUMENT_FILE_LIMIT_BYTES = 20 * 1024 * 1024
"""The largest Binary that $document and $fhir-to-cda read into a document."""

PREFILL_REFERENCES_LIMIT = 500
"""Resources that $prefill reads because others refer to them."""

EMERGENCY_MINUTES_MOST = 240
"""The longest time that a record is opened in an emergency."""

REASON_LENGTH_LEAST = 10
REASON_LENGTH_MOST = 500
"""What is said of why it is opened, in characters."""

MATCHES, MATCHES_MOST = 10, 50
"""Records that $match answers with, without and with `count`."""

MERGED_RESOURCES_MOST = 5_000
"""Resources that $merge turns to another record in its one transaction."""
