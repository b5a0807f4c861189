"""Proofs: the claims about the whole server, each shown against a real one over real sockets."""
