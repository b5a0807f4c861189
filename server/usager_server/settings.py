"""The frozen Settings: all that may be chosen, and what goes together; `environment.py` reads them."""

from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from usager_server.setting_kinds import (
    Authorities,
    CalledAddress,
    CertificateWithKey,
    DeviceList,
    Folder,
    HostAndPort,
    MailServer,
    NetworkList,
    PostgresAddress,
    SecretFile,
    SecretFileOnceMade,
    WebAddress,
)
from usager_server.wires import is_loopback

PREFIX = "USAGER_"
TOKEN_LENGTH = 32
SLAVE = "esclave-identite"  # the profile of a server whose identities come from another software

Service = Literal["psc", "insi", "national_proxy", "national_status", "smtp", "outbound"]  # those that we call by TLS


class Settings(BaseSettings):
    """Everything an operator may choose, each from `USAGER_<NAME>`; docs/settings.md lists them all."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    base_url: WebAddress | None = Field(
        default=None,
        description="Public address of the FHIR base, behind a proxy; unset: made from each request.",
    )
    data_dir: Path = Field(
        default=Path("data"), description="Folder of the embedded PostgreSQL and of what is kept between runs."
    )
    database_url: PostgresAddress = Field(
        default=None,
        repr=False,
        description="PostgreSQL to use (postgresql://user@host/name); unset: the embedded one, in the data folder.",
    )
    database_owner_url: PostgresAddress = Field(
        default=None,
        repr=False,
        description="The same database as its owner, who migrates it; unset: USAGER_DATABASE_URL.",
    )
    backup_folder: Path | None = Field(
        default=None,
        description="Where backups are kept, best on another disk; unset: `usager worker` makes none.",
    )
    backup_key_file: Path | None = Field(
        default=None,
        description="Keys of the backups, made by `usager backup key`: recipients they are encrypted for, and the "
        "identity that opens them where one is restored.",
    )
    backup_hour: int = Field(
        default=1, ge=0, le=23, description="Hour (UTC) from which `usager worker` makes the backup of the day."
    )
    backups_kept: int = Field(default=35, ge=1, le=10_000, description="How many backups are kept, newest first.")
    backup_database_url: PostgresAddress = Field(
        default=None,
        repr=False,
        description="The database of USAGER_DATABASE_URL as a role that row-level security does not hold, to back it "
        "up; as a superuser, to restore it.",
    )
    tls_certificate_file: CertificateWithKey | None = Field(
        default=None,
        description="Certificate chain and key of this server, in one file (PEM), to speak TLS itself; unset: plain "
        "HTTP, on the loopback or behind a proxy that ends TLS.",
    )
    pool_size: int = Field(default=10, ge=1, le=200, description="Most database connections of one server process.")
    profiles: str = Field(
        default="", description="Profiles switched on, separated by commas; `usager profiles` lists them."
    )
    auth: Literal["off", "token", "smart"] = Field(
        default="off",
        description="off: everyone is let in, on loopback only; token: the bearer tokens of USAGER_TOKEN_FILE; "
        "smart: the tokens of the authorization server (SMART on FHIR).",
    )
    audit: Literal["on", "off"] | None = Field(
        default=None,
        description="on: every act leaves a trace, or is not done; unset: on unless USAGER_AUTH=off.",
    )
    requests_per_minute: int = Field(
        default=6_000,
        ge=1,
        le=1_000_000,
        description="Most requests a minute of one person by one client; a quarter of them may be searches, a tenth "
        "operations and Bundles.",
    )
    refusals_per_minute: int = Field(
        default=60,
        ge=1,
        le=1_000_000,
        description="Most requests a minute of one address to /sign-in and /oauth that are refused; it may make "
        "USAGER_REQUESTS_PER_MINUTE in all.",
    )
    trusted_proxies: NetworkList = Field(
        default="",
        description="Networks of the proxies whose X-Forwarded-For header is believed, separated by commas; unset: the "
        "address of a caller is that of the connection.",
    )
    audit_key_file: SecretFileOnceMade | None = Field(
        default=None,
        description="Ed25519 private key (PEM) that signs the anchors of the traces; unset: audit/key.pem in the data "
        "folder, made when there is none.",
    )
    audit_anchors_file: Path | None = Field(
        default=None,
        description="Where anchors of the traces are appended, best on another machine; unset: audit/anchors.txt in "
        "the data folder.",
    )
    audit_anchor_minutes: int = Field(
        default=60, ge=1, le=1440, description="How often the traces are anchored, when there are new ones."
    )
    audit_months_kept: int | None = Field(
        default=None,
        ge=6,
        le=1200,
        description="For how many whole months traces stay in the database; `usager audit archive` removes older ones, "
        "those of versions excepted, which stay as long as the record; unset: all are kept.",
    )
    audit_archive_folder: Path | None = Field(
        default=None, description="Where `usager audit archive` writes traces before it removes them."
    )
    token_file: SecretFile | None = Field(
        default=None, description="Bearer tokens, a line each: token, tenant number, name of the bearer."
    )
    signing_keys_file: Path | None = Field(
        default=None,
        description="Private keys that sign tokens under USAGER_AUTH=smart, made by `usager keys rotate`; unset: "
        "signing-keys.json in the data folder.",
    )
    access_token_seconds: int = Field(
        default=900, ge=300, le=3600, description="How long an access token that acts for a person lives."
    )
    client_rsa_bits: int = Field(
        default=2048,
        ge=2048,
        le=16384,
        description="Bits of the RSA keys of clients, at least; 3072 for a strength of 128.",
    )
    certificate_proxies: NetworkList = Field(
        default="",
        description="Networks of the proxies whose Client-Cert header (RFC 9440) is believed, separated by commas; "
        "unset: no token can be bound to a certificate.",
    )
    outbound_networks: NetworkList = Field(
        default="",
        description="Private networks that may be called for keys of clients, separated by commas; unset: public "
        "addresses only.",
    )
    cda_rules: Folder | None = Field(
        default=None,
        description="Folder of the national rules that $cda-validate applies beside our own; unset: our own alone.",
    )
    cda_vsm: bool = Field(
        default=False,
        description="Whether the VSM is written too; the medical summary of the CI-SIS is IPS-FR. It is always read.",
    )
    fr_core_release: Literal["2.1", "2.2"] = Field(
        default="2.2", description="Release of FR Core in which statuses of identity are written; both are read."
    )
    ins_production: bool = Field(
        default=False, description="Whether real people are served: invented matricules INS are then refused."
    )
    mss_citizens_unqualified: bool = Field(
        default=False,
        description="Whether persons whose INS is not qualified yet may be written to (derogation before admission).",
    )
    identity_devices: DeviceList = Field(
        default="",
        description="Devices of high trust that identities are checked against (CN,PA,CS…), separated by commas, and "
        "those of one tenant after its number: CN,PA,CS; 2=CN,PA. Unset: every one of FR Core.",
    )
    vitale_app_reader: str | None = Field(
        default=None,
        description="Client, or bearer of a token, that reads the Appli carte Vitale and is believed; unset: nobody.",
    )
    identity_migrator: str | None = Field(
        default=None,
        description="Client, or bearer of a token, that may bring an existing base in with the INS it holds; unset: "
        "nobody. For the time of the migration.",
    )
    identity_master: str | None = Field(
        default=None,
        description="Client, or bearer of a token, from which identities come: the profile esclave-identite needs it, "
        "and nothing else takes it; unset: they are kept here.",
    )
    workers: int = Field(default=1, ge=1, le=64, description="Server processes.")
    body_limit_bytes: int = Field(default=50 * 1024 * 1024, ge=1024, description="Largest request body, in bytes.")
    file_types: Literal["any", "known"] = Field(
        default="any",
        description="Media types that a file may have: any, or those that are compared with its bytes (docs/files.md).",
    )
    bundle_limit_entries: int = Field(default=10_000, ge=1, description="Most entries in one batch or transaction.")
    statement_timeout_seconds: int = Field(default=10, ge=1, description="Longest time a single SQL statement may run.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severity logged."
    )
    log_format: Literal["json", "text"] = Field(
        default="json", description="json: an object a line; text: for a person's eyes."
    )

    national_status_url: WebAddress = Field(
        default="https://status.esante.gouv.fr",
        description="Status page of the national services (météo des services), for people to open.",
    )
    national_status_summary_url: CalledAddress | None = Field(
        default=None,
        description="Where that page publishes its summary for programs (Statuspage API v2); unset: it is not read.",
    )
    vaccination_schedule_url: WebAddress = Field(
        default="https://sante.gouv.fr/prevention-en-sante/preserver-sa-sante/vaccination/calendrier-vaccinal",
        description="Vaccination schedule of the ministry of health, for people to open.",
    )
    psc_issuer: WebAddress | None = Field(
        default=None,
        description="Issuer of Pro Santé Connect, with which professionals sign in; unset: they do not.",
    )
    psc_discovery_path: str = Field(
        default="/.well-known/wallet-openid-configuration",
        pattern=r"^/[\w./-]+$",
        description="Where its discovery document is, below the issuer.",
    )
    psc_client_id: str | None = Field(default=None, description="Our name at Pro Santé Connect.")
    psc_certificate_file: CertificateWithKey | None = Field(
        default=None, description="Our certificate there (IGC-Santé ORG AUTH_CLI) and its key, in one file (PEM)."
    )
    psc_client_secret_file: SecretFile | None = Field(
        default=None, description="Our secret there, for a service outside the espace de confiance."
    )
    psc_acr_floor: Literal["eidas1", "eidas2", "eidas3"] = Field(
        default="eidas1", description="Lowest level of a sign-in that is accepted; eidas1 is what is asked for."
    )
    psc_untyped_logout: bool = Field(
        default=False, description="Believe a logout token whose type is JWT or absent, and not logout+jwt alone."
    )
    insi_url: CalledAddress | None = Field(
        default=None, description="Address of INSi for certificates of organisations; unset: it is not called so."
    )
    insi_certificate_file: CertificateWithKey | None = Field(
        default=None,
        description="Our certificate there for what people ask (IGC-Santé, common name INSI-MANU) and its key, in one "
        "file (PEM).",
    )
    insi_auto_certificate_file: CertificateWithKey | None = Field(
        default=None,
        description="Our certificate there for what `usager worker` does (common name INSI-AUTO) and its key; unset: "
        "identities are not verified by themselves.",
    )
    insi_idam: str | None = Field(
        default=None, description="Authorisation number that the CNDA gave the software, which INSi asks for."
    )
    insi_structure: str | None = Field(
        default=None,
        description="Identifier of the structure in the assertion of a professional: its FINESS, else its SIRET.",
    )
    insi_sector: str = Field(
        default="SA07", pattern=r"^SA\d{2}$", description="Sector of activity in that assertion, TRE_R02 of the NOS."
    )
    reindex_per_second: int = Field(
        default=200,
        ge=1,
        le=100_000,
        description="Most resources a second that `usager worker` indexes anew after what they are indexed by changed.",
    )
    insi_calls_per_minute: int = Field(
        default=60, ge=1, le=6_000, description="Most verifications a minute that `usager worker` sends one by one."
    )
    insi_batch_from: int = Field(
        default=200,
        ge=1,
        le=1_000_000,
        description="From how many identities to verify they are handed to INSi as batches.",
    )
    national_proxy_url: CalledAddress | None = Field(
        default=None,
        description="Address of the Proxy e-santé, through which national services are called as a professional; "
        "unset: they are not.",
    )
    national_proxy_client_id: str | None = Field(default=None, description="Our client id at that proxy.")
    national_proxy_certificate_file: CertificateWithKey | None = Field(
        default=None, description="Our certificate at that proxy and its key, in one file (PEM)."
    )
    national_proxy_insi: str = Field(
        default="insi/lps", description="Name of INSi at that proxy, and the path of its service there."
    )
    mssante_imap: HostAndPort | None = Field(
        default=None,
        description="Where the operator of MSSanté lets mail be read (API LPS): host[:port], 143 unless it is given; "
        "unset: there is none.",
    )
    mssante_smtp: HostAndPort | None = Field(
        default=None, description="Where it takes mail to be sent: host[:port], 587 unless it is given."
    )
    mssante_certificate_file: CertificateWithKey | None = Field(
        default=None,
        description="Our certificate there (IGC-Santé Élémentaire Organisation), its chain and its key, in one file "
        "(PEM).",
    )
    mssante_trusted_ca_file: Authorities | None = Field(
        default=None,
        description="Authorities of IGC-Santé that certificates of MSSanté come from (PEM), the root and that of the "
        "range; no other is believed there, and it has no default.",
    )
    mssante_environment: Literal["production", "test"] = Field(
        default="production", description="Which authorities of IGC-Santé: those in force, or those named TEST."
    )
    session_idle_seconds: int = Field(
        default=1800, ge=60, le=7200, description="A session ends when nothing happens for that long; 2 h at most."
    )
    sealing_key_file: Path | None = Field(
        default=None,
        description="Keys that seal secrets in the database, a line each: the first seals, all open; unset: one is "
        "made in the data folder.",
    )
    smtp_url: MailServer = Field(
        default=None,
        repr=False,
        description="Server that sends messages to people: smtp:// or smtps://, [name:password@]host[:port].",
    )
    mail_from: str = Field(default="usager@localhost", description="Address that those messages come from.")
    telephone_address: str = Field(
        default="",
        description="Address at which an operator's gateway takes texts for telephones, with {number} in it.",
    )
    trusted_ca_file: Authorities | None = Field(
        default=None,
        description="Authorities (PEM) that certificates of the services we call must be of, for those without a file "
        "of their own (`USAGER_…_TRUSTED_CA_FILE`); unset: the usual ones.",
    )
    psc_trusted_ca_file: Authorities | None = Field(
        default=None, description="Authorities (PEM) of Pro Santé Connect, and no other; unset: USAGER_TRUSTED_CA_FILE."
    )
    insi_trusted_ca_file: Authorities | None = Field(
        default=None, description="Authorities (PEM) of INSi, and no other; unset: USAGER_TRUSTED_CA_FILE."
    )
    national_proxy_trusted_ca_file: Authorities | None = Field(
        default=None, description="Authorities (PEM) of the Proxy e-santé, and no other; unset: USAGER_TRUSTED_CA_FILE."
    )
    national_status_trusted_ca_file: Authorities | None = Field(
        default=None,
        description="Authorities (PEM) of the page of USAGER_NATIONAL_STATUS_SUMMARY_URL, and no other; "
        "unset: USAGER_TRUSTED_CA_FILE.",
    )
    smtp_trusted_ca_file: Authorities | None = Field(
        default=None, description="Authorities (PEM) of the mail server, and no other; unset: USAGER_TRUSTED_CA_FILE."
    )
    outbound_trusted_ca_file: Authorities | None = Field(
        default=None,
        description="Authorities (PEM) of the addresses where clients publish their keys, and no other; "
        "unset: USAGER_TRUSTED_CA_FILE.",
    )
    otel_endpoint: CalledAddress | None = Field(
        default=None, description="Where OpenTelemetry traces go (OTLP over HTTP; needs the extra otel); unset: none."
    )

    @model_validator(mode="after")
    def _safe_together(self) -> Self:
        if self.auth == "off" and not is_loopback(self.host):
            raise ValueError(
                f"USAGER_HOST={self.host} is reachable from elsewhere while USAGER_AUTH=off lets everyone in: "
                "listen on 127.0.0.1, or set USAGER_AUTH=token"
            )
        if not is_loopback(self.host) and not self.is_secure:
            raise ValueError(
                f"USAGER_HOST={self.host} is reachable from elsewhere, and tokens would travel in clear: set "
                "USAGER_TLS_CERTIFICATE_FILE, or USAGER_BASE_URL=https://… when a proxy in front ends TLS"
            )
        if self.auth == "token":
            self._check_token_file()
        if self.audit == "off" and self.auth != "off":
            raise ValueError(
                f"USAGER_AUDIT=off while USAGER_AUTH={self.auth}: people would act without a trace; leave it unset"
            )
        if self.psc_issuer is not None:
            self._check_psc()
        self._check_national()
        self._check_master()
        if self.auth == "smart":
            self._check_base_url()
        return self

    @property
    def is_secure(self) -> bool:
        """Whether clients reach the server by TLS: its own, or that of the proxy behind the public address."""
        return self.tls_certificate_file is not None or (self.base_url or "").startswith("https://")

    def authorities(self, service: Service) -> Path | None:
        """Return the only authorities that the certificate of a service may be of, None for the usual ones."""
        own: Path | None = getattr(self, f"{service}_trusted_ca_file")
        return own or self.trusted_ca_file

    @property
    def audit_key(self) -> Path:
        """Where the key that signs anchors is."""
        return self.audit_key_file or self.data_dir / "audit" / "key.pem"

    @property
    def audit_anchors(self) -> Path:
        """Where anchors are kept."""
        return self.audit_anchors_file or self.data_dir / "audit" / "anchors.txt"

    @property
    def keeps_traces(self) -> bool:
        """Whether each act leaves a trace."""
        return self.audit == "on" or (self.audit is None and self.auth != "off")

    @property
    def profile_keys(self) -> tuple[str, ...]:
        """Return the profiles asked for, in order, without blanks or repeats."""
        return profile_keys(self.profiles)

    def _check_psc(self) -> None:
        if not self.psc_issuer or not self.psc_issuer.startswith("https://"):
            raise ValueError("USAGER_PSC_ISSUER must begin with https://")
        if self.psc_client_id is None:
            raise ValueError("USAGER_PSC_CLIENT_ID is not set and USAGER_PSC_ISSUER needs it")
        if self.psc_certificate_file is None and self.psc_client_secret_file is None:
            raise ValueError("USAGER_PSC_CERTIFICATE_FILE is not set and USAGER_PSC_ISSUER needs it")

    def _check_national(self) -> None:
        needed: dict[str, tuple[str, ...]] = {
            "insi_url": ("insi_idam", "insi_certificate_file"),
            "national_proxy_url": ("national_proxy_client_id", "national_proxy_certificate_file"),
            "mssante_imap": ("mssante_smtp", "mssante_certificate_file", "mssante_trusted_ca_file"),
            "mssante_smtp": ("mssante_imap",),
        }
        for setting, others in needed.items():
            missing = next((it for it in others if getattr(self, setting) and not getattr(self, it)), None)
            if missing is not None:
                raise ValueError(f"{variable(missing)} is not set and {variable(setting)} needs it")

    def _check_master(self) -> None:
        """See that the profile and the name of the master go together: one alone would leave identities open."""
        is_slave = SLAVE in self.profile_keys
        if is_slave and not self.identity_master:
            raise ValueError(
                f"USAGER_IDENTITY_MASTER is not set and the profile {SLAVE} needs it: it says from which client "
                "identities come; without it nobody could write one"
            )
        if self.identity_master and not is_slave:
            raise ValueError(
                f"USAGER_IDENTITY_MASTER is set and USAGER_PROFILES does not hold {SLAVE}: switch that profile on, or "
                "unset it when identities are kept here"
            )

    def _check_base_url(self) -> None:
        """See that tokens have one issuer, which nobody can listen to on the way."""
        if self.base_url is None or not self.base_url.endswith("/fhir"):
            raise ValueError("USAGER_AUTH=smart needs USAGER_BASE_URL, the public address that ends in /fhir")
        address = urlsplit(self.base_url)
        if address.scheme != "https" and not is_loopback(address.hostname or ""):
            raise ValueError(f"USAGER_BASE_URL={self.base_url}: USAGER_AUTH=smart needs https, but on the loopback")

    def _check_token_file(self) -> None:
        if self.token_file is None:
            raise ValueError("USAGER_TOKEN_FILE is not set and USAGER_AUTH=token needs it")
        try:
            lines = self.token_file.read_text(encoding="ascii").splitlines()
        except (OSError, ValueError) as error:
            raise ValueError(f"USAGER_TOKEN_FILE={self.token_file} cannot be read: {error}") from error
        tokens = [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]
        if not tokens:
            raise ValueError(f"USAGER_TOKEN_FILE={self.token_file} holds no token")
        if min(len(token) for token in tokens) < TOKEN_LENGTH:
            raise ValueError(
                f"USAGER_TOKEN_FILE={self.token_file}: a token has fewer than {TOKEN_LENGTH} characters, "
                "so it can be guessed"
            )


def profile_keys(profiles: str) -> tuple[str, ...]:
    """Return the profiles of a list separated by commas, in order, without blanks or repeats."""
    return tuple(dict.fromkeys(key for part in profiles.split(",") if (key := part.strip())))


def variable(field: str) -> str:
    """Return the environment variable of a field."""
    return PREFIX + field.upper()
