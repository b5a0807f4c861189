"""The identity of a person: traits, matricule INS, statuses. Pure functions on Patient resources, as trees of JSON."""
