"""The profile pde."""
