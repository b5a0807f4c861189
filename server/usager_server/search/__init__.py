"""Search: from the text of a query to its meaning, and from a resource to its index rows. No SQL here."""
