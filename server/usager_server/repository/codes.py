"""The small numbers that stand for words in the store."""

METHOD_NUMBERS = {"POST": 1, "PUT": 2, "PATCH": 3, "DELETE": 4}
METHODS = {number: method for method, number in METHOD_NUMBERS.items()}
