"""The status page of the national services."""
