"""Identities of another software in HL7 v2 (IHE PAM, with what France adds): messages read, and acknowledged."""
