"""The profile pds."""
