"""What a caller may do: scopes as text, the grant they make, and how far it reaches among the resources."""
