"""What keeps the evidence from being made."""


class ConformityError(Exception):
    """The evidence cannot be made as it was asked for; the text is for the operator, one line, and says what to do."""
