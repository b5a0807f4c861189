"""The national services that every profile calls, a folder each; each with the stand-in that the sandbox runs."""
