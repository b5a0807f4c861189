"""Indicators and regulatory reports: a Measure each, computed when asked for; one indicator is one file."""
