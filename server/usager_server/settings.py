"""Environment -> one frozen Settings."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything an operator may choose, each from `USAGER_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="USAGER_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    data_dir: Path = Path("data")
    database_url: str | None = None
    profiles: str = ""
    auth: Literal["off", "token"] = "off"
    workers: int = Field(1, ge=1, le=64)
    body_limit_bytes: int = Field(50 * 1024 * 1024, ge=1024)
    bundle_limit_entries: int = Field(10_000, ge=1)
    statement_timeout_seconds: int = Field(10, ge=1)
