"""The identity of a person: traits, matricule, statuses."""
