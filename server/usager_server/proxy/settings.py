"""The settings of the proxy: one TOML file, whose values the environment may replace; refused by name when wrong."""

import os
import ssl
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from usager_server.environment import PROXY_PREFIX, SettingsError
from usager_server.national.psc.discovery import DISCOVERY_PATH
from usager_server.national.psc.exchange import Target
from usager_server.private_files import openness
from usager_server.wires import refuse_clear_database

FILE_VARIABLE = f"{PROXY_PREFIX}FILE"

HttpsAddress = Annotated[str, StringConstraints(pattern=r"^https://[^\s/?#@]+(/[^\s?#]*)?$", max_length=500)]
ProxyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Caller = Annotated[str, StringConstraints(pattern=r"^(sha256:[0-9a-f]{64}|[A-Za-z0-9.]+=.+)$", max_length=500)]
Word = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$", max_length=200)]  # RFC 6749 3.3


class Part(BaseModel):
    """A table of the file: frozen, and closed to names that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Listening(Part):
    """Where callers come in."""

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8443, ge=1, le=65535, description="Port to listen on.")
    certificate_file: Path = Field(description="Certificate of this server, with its chain (PEM).")
    key_file: Path | None = Field(default=None, description="Its key (PEM); unset: in certificate_file.")
    callers_ca_file: Path = Field(description="Authorities that issue the certificates of the callers (PEM).")
    trusted_proxies: tuple[IPvAnyNetwork, ...] = Field(
        default=(), description="Networks whose X-Forwarded-For and Client-Cert (RFC 9440) are believed."
    )


class ProSanteConnect(Part):
    """How Pro Santé Connect is spoken to."""

    issuer: HttpsAddress = Field(description="Its issuer; everything else is read from there.")
    discovery_path: str = Field(
        default=DISCOVERY_PATH, description="Where its discovery document is, below the issuer."
    )
    acr_values: Literal["eidas1", "eidas2", "eidas3"] = Field(
        default="eidas1", description="Level asked for, and the least accepted."
    )
    trusted_ca_file: Path | None = Field(
        default=None, description="Authorities trusted for Pro Santé Connect (PEM); unset: those of the system."
    )


class Client(Part):
    """One piece of software that may call, known by its client id at Pro Santé Connect."""

    certificate_file: Path = Field(
        description="Certificate shown to Pro Santé Connect, to the authorization servers and to the APIs (PEM)."
    )
    key_file: Path | None = Field(default=None, description="Its key (PEM); unset: in certificate_file.")
    key_password_file: Path | None = Field(default=None, description="File that holds the password of the key.")
    secret_file: Path | None = Field(
        default=None, description="File that holds the secret of the client, besides its certificate."
    )
    callers: tuple[Caller, ...] = Field(
        min_length=1,
        description="Certificates of those who may use this client id: sha256:… of the certificate, or its subject "
        "(RFC 4514).",
    )


class Backend(Part):
    """One national API, called by its name."""

    base_url: HttpsAddress = Field(description="Address of the API; what follows the name in /send is put after it.")
    token_endpoint: HttpsAddress = Field(description="Token endpoint of the authorization server of the API.")
    revocation_endpoint: HttpsAddress | None = Field(
        default=None, description="Where its tokens are revoked (RFC 7009); unset: they are forgotten only."
    )
    scopes: tuple[Word, ...] = Field(min_length=1, description="Scopes asked for.")
    required: bool = Field(default=True, description="Whether /connect fails when this exchange does.")
    exchange: Literal["connect", "first-call"] = Field(default="connect", description="When the token is exchanged.")
    subject_token_type: Literal["access_token", "jwt"] = Field(
        default="access_token", description="Type under which the token of Pro Santé Connect is sent."
    )
    send_cnf: bool = Field(default=True, description="Whether the thumbprint of the certificate is sent.")
    thumbprint_style: Literal["rfc8705", "hex-base64"] = Field(
        default="rfc8705", description="Form of that thumbprint."
    )
    extra_parameters: dict[Word, str] = Field(
        default_factory=dict, description="What else the server wants in the form, such as subject_issuer."
    )
    actor: dict[Literal["lps_nom", "lps_id", "lps_version", "situation_exercice"], str] = Field(
        default_factory=dict, description="Claims of the actor token; empty: none is sent."
    )
    trusted_ca_file: Path | None = Field(
        default=None, description="Authorities trusted for the API and its server (PEM); unset: those of the system."
    )
    timeout_seconds: float = Field(default=60.0, gt=0, le=600, description="Longest silence of the API.")

    @model_validator(mode="after")
    def _no_reserved_parameter(self) -> "Backend":
        reserved = {"grant_type", "subject_token", "subject_token_type", "scope", "cnf", "client_id", "client_secret"}
        if wrong := sorted(reserved & self.extra_parameters.keys()):
            raise ValueError(f"extra_parameters may not hold {wrong[0]}")
        if self.required and self.exchange == "first-call":
            raise ValueError('a backend whose exchange is "first-call" is not required: set required = false')
        return self

    @property
    def target(self) -> Target:
        """Return how its authorization server wants to be asked."""
        return Target(
            self.token_endpoint,
            self.scopes,
            self.subject_token_type,
            self.send_cnf,
            self.thumbprint_style,
            self.extra_parameters,
            {str(name): value for name, value in self.actor.items()},
        )


class Conformity(Part):
    """What is on during the conformity campaign of the ANS, and never in service."""

    enabled: bool = Field(default=False, description="Serve /traces, and keep session ids in the traces.")
    readers: tuple[Caller, ...] = Field(
        default=(), description="Certificates of those who may read /traces, written as callers are."
    )


class ProxySettings(BaseSettings):
    """Everything an operator of the proxy may choose; docs/services/proxy-e-sante.md lists it all."""

    model_config = SettingsConfigDict(
        env_prefix=PROXY_PREFIX,
        env_nested_delimiter="__",
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    database_url: str = Field(
        pattern=r"^postgres(ql)?://", repr=False, description="PostgreSQL of the proxy, as the role that serves."
    )
    database_owner_url: str | None = Field(
        default=None,
        pattern=r"^postgres(ql)?://",
        repr=False,
        description="The same database as its owner, who migrates it; unset: database_url.",
    )
    pool_size: int = Field(default=10, ge=2, le=100, description="Most database connections of the process.")
    key_file: Path = Field(
        description="Keys of the tokens at rest, one a line (`usager proxy key`): the first seals, all open."
    )
    body_limit_bytes: int = Field(default=20 * 1024 * 1024, ge=1024, description="Largest body relayed to an API.")
    session_hours: float = Field(default=4.0, gt=0, le=4, description="Longest life of a session.")
    idle_minutes: float = Field(default=30.0, gt=0, le=30, description="Longest idleness of a session.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity logged."
    )
    log_format: Literal["json", "text"] = Field(default="json", description="json: an object a line; text: for people.")
    listen: Listening
    psc: ProSanteConnect
    clients: dict[Annotated[str, StringConstraints(min_length=1, max_length=128)], Client] = Field(min_length=1)
    backends: dict[ProxyName, Backend] = Field(default_factory=dict)
    conformity: Conformity = Field(default_factory=Conformity)

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _a_database_under_tls(cls, value: str | None) -> str | None:
        if value:
            refuse_clear_database(value)
        return value

    @model_validator(mode="after")
    def _files_can_be_read(self) -> "ProxySettings":
        for authorities in (self.listen.callers_ca_file, self.psc.trusted_ca_file, *_authorities(self.backends)):
            if authorities is not None:
                _check_authorities(authorities)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment before the file."""
        file = Path(os.environ.get(FILE_VARIABLE, "proxy.toml"))
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)


def load_proxy_settings(file: Path | None = None) -> ProxySettings:
    """Return the settings of a file, proxy.toml or that of USAGER_PROXY_FILE otherwise.

    Errors  SettingsError, a line for each thing that is wrong; values that are secret are not shown.
    """
    if file is not None:
        os.environ[FILE_VARIABLE] = str(file)  # read by settings_customise_sources, which pydantic calls
    path = Path(os.environ.get(FILE_VARIABLE, "proxy.toml"))
    if not path.is_file():
        raise SettingsError(f"{path} is not there: give --file, or set {FILE_VARIABLE}")
    try:
        return ProxySettings()  # type: ignore[call-arg]  # from the file and the environment
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is no TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError("\n".join(_line(path, it) for it in error.errors(include_url=False))) from None


def read_secret(path: Path) -> str:
    """Return what a file of one secret holds.

    Errors  SettingsError when it cannot be read or is empty, or everyone may read or write it.
    """
    try:
        if wrong := openness(path):
            raise SettingsError(wrong)
        found = path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read: {type(error).__name__}") from error
    if not found:
        raise SettingsError(f"{path} is empty")
    return found


def _authorities(backends: dict[str, Backend]) -> list[Path | None]:
    return [backend.trusted_ca_file for backend in backends.values()]


def _check_authorities(path: Path) -> None:
    try:
        ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{path} holds no certificate that can be read") from error


def _line(path: Path, detail: Any) -> str:
    name = ".".join(str(it) for it in detail["loc"])
    message = detail["msg"].removeprefix("Value error, ")
    return f"{path}: {name}: {message}" if name else f"{path}: {message}"
