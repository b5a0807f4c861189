"""The official R4 definitions as plain values, read once from compact data files (`scripts/build_definitions.py`)."""

from usager_server.definitions.loading import load, load_names
from usager_server.definitions.model import Definitions, Element, Invariant, SearchParameter, Type

__all__ = ["Definitions", "Element", "Invariant", "SearchParameter", "Type", "load", "load_names"]
