"""Documents made here: their identity, their CDA and their PDF, and their line of metadata."""
