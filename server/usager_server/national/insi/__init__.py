"""INSi, the teleservice that gives and verifies the national health identity (INS)."""
