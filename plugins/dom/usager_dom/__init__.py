"""The profile dom."""
