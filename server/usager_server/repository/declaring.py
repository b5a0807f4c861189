"""How a column is declared: by its name and its type in PostgreSQL."""

from typing import Any

from sqlalchemy import BigInteger, Column
from sqlmodel import Field


def column(name: str, kind: Any, *, key: bool = False, null: bool = False) -> Any:
    """Return a column."""
    return Field(sa_column=Column(name, kind, primary_key=key, nullable=null, autoincrement=False))


def integer(name: str, kind: Any = BigInteger, *, key: bool = False) -> Any:
    """Return a column of whole numbers."""
    return column(name, kind, key=key)


def tenant_key() -> Any:
    """Return the tenant, in the key of every table."""
    return Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
