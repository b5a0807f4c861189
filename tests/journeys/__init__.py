"""Journeys: what a client does from end to end, one file per journey."""
