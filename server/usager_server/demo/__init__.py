"""The people of the demonstration: an EHPAD, its professionals and its residents, all of them invented."""
