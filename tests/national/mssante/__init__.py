"""MSSanté: the way to an operator, and whom it may lead to."""
