"""The stand-in of an operator of MSSanté."""
