"""The evidence: runs the scenarios of every room against a base URL and writes the dossier, ID by ID."""
