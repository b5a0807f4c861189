"""How much one search may ask for: past these, the cause is named and nothing is run."""

PARAMETERS = 50
VALUES = 200
INCLUDES = 20
CHAIN_DEPTH = 3
SORT_KEYS = 4
COUNT_DEFAULT = 50
COUNT_MOST = 1000
INCLUDED_MOST = 5000
ITERATIONS_MOST = 5
VALUE_CHARACTERS = 2000
