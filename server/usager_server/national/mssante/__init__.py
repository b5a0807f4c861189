"""MSSanté, the secure messaging of health: so far, the way to an operator and whom it may lead to."""
