"""The technical profile « Esclave de l'identité »: identities come from another software."""
