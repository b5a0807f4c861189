"""The profile ph."""
