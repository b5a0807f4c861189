"""The profile ahi."""
