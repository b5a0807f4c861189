"""The kinds of values that several settings take, each refused with what would be right."""

import re
import ssl
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from usager_server.networks import parse_networks
from usager_server.private_files import openness
from usager_server.wires import refuse_clear_database, refuse_clear_web

HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]{1,253}(?::(\d{1,5}))?")


def _web_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


def _called_address(value: str) -> str:
    refuse_clear_web(value)
    return value


def _postgres_address(value: str | None) -> str | None:
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("must begin with postgresql://")
    if value:
        refuse_clear_database(value)
    return value or None


def _mail_server(value: str | None) -> str | None:
    if value and not value.startswith(("smtp://", "smtps://")):
        raise ValueError("must begin with smtp:// or smtps://")
    return value or None


def _host_and_port(value: str) -> str:
    found = HOST_AND_PORT.fullmatch(value)
    if found is None or not 0 < int(found[1] or 1) < 65_536:
        raise ValueError("must be host or host:port")
    return value


def _network_list(value: str) -> str:
    parse_networks(value)
    return value


def _device_list(value: str) -> str:
    if value:
        from usager_server.trusted_devices import parse_devices  # most servers name none: not at their start

        parse_devices(value)
    return value


def _folder(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("is no folder")
    return value


def _secret_file(value: Path) -> Path:
    try:
        wrong = openness(value)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from error
    if wrong:
        raise ValueError(wrong)
    return value


def _secret_file_once_made(value: Path) -> Path:
    return _secret_file(value) if value.exists() else value


def _certificate_with_key(value: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(value)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"holds no certificate with its key that can be read: {error}") from error
    return value


def _authorities(value: Path) -> Path:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(value)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"holds no certificate that can be read: {error}") from error
    return value


WebAddress = Annotated[str, AfterValidator(_web_address)]
CalledAddress = Annotated[WebAddress, AfterValidator(_called_address)]  # that we call, not people
PostgresAddress = Annotated[str | None, AfterValidator(_postgres_address)]  # empty is unset
MailServer = Annotated[str | None, AfterValidator(_mail_server)]  # empty is unset
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
NetworkList = Annotated[str, AfterValidator(_network_list)]
DeviceList = Annotated[str, AfterValidator(_device_list)]
Folder = Annotated[Path, AfterValidator(_folder)]
SecretFile = Annotated[Path, AfterValidator(_secret_file)]
SecretFileOnceMade = Annotated[Path, AfterValidator(_secret_file_once_made)]  # one that we make when there is none
CertificateWithKey = Annotated[Path, AfterValidator(_certificate_with_key)]
Authorities = Annotated[Path, AfterValidator(_authorities)]
