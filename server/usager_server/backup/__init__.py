"""Backups: a consistent copy of all that an installation keeps, encrypted, verified, and what brings it back.

A backup is a folder of files in the age format, with the sums of them; see docs/backup.md.
"""
