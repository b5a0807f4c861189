"""The profile pesée: how a person's weight changes."""
