"""How far a resource is looked at; docs/limits.md lists these with those of the other floors."""

DEPTH_LIMIT = 30
"""Resources, backbone elements, references and extensions inside one another: some 70 levels of JSON at most.

The door counts levels exactly; this is what protects the walk itself. The deepest HL7 example has 22 levels of JSON.
"""

STRING_LIMIT_BYTES = 1024 * 1024
"""Of a string, as R4 has it. Source: FHIR R4 datatypes.html#string."""

FINDINGS_LIMIT = 100
"""Issues that one answer tells."""

CHECK_SECONDS = 5.0
"""Of processor time, for the check of one resource with all that is in it."""

FILE_HEAD_BYTES = 4096
"""Of a file, what is compared with its media type."""

FILE_LEAST_BYTES = 64
"""What is shorter is no file of a binary kind but what stands for one, as in the examples of HL7 ("Hello", a PDF)."""
