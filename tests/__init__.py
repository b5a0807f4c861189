"""The tests: they mirror the packages; `bench`, `journeys`, `proofs` and `samples` are about the whole."""
