"""Where people are born: the code officiel géographique (COG) of INSEE, communes and countries, with their history."""
