"""The scenarios, their runner and the dossier."""
