"""The small numbers that stand for words in the store."""

METHOD_NUMBERS = {"POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}

REVIVED = 8
"""Added to the number of the method that brought a deleted resource back."""

METHODS = {number + flag: method for method, number in METHOD_NUMBERS.items() for flag in (0, REVIVED)}
