"""The verification of identities without anybody asking: when each is due, one call for each, what comes of it."""
