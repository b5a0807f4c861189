"""The profile pa."""
