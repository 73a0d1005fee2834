"""The settings of an installation, read once from PARTNER_CENTER_* and .env."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_SECRET = "for-development-only-and-known-to-everyone"  # noqa: S105  # production refuses it
SHORTEST_SECRET = 32


class SettingsError(Exception):
    """A setting that does not serve, said in plain words."""


def _of_known_driver(url: str) -> str:
    if not url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        raise ValueError("must begin with sqlite+aiosqlite:/// or postgresql+asyncpg://")
    if url == "sqlite+aiosqlite:///" or ":memory:" in url:
        raise ValueError("names a database in memory, which each connection would have for itself; name a file")
    return url


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        raise ValueError(f"{text!r} is no origin; write it like https://portal.example.com")
    return text


def _mail_address(text: str) -> str:
    name, at, domain = text.partition("@")
    if not (name and at and domain) or any(letter.isspace() or letter in "<>," for letter in text):
        raise ValueError(f"{text!r} is no mail address; write it like partner-center@example.com")
    return text


def _http(url: str) -> str:
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise ValueError("must begin with http:// or https://")
    return url


def _redis(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("redis://", "rediss://")):
        raise ValueError("must begin with redis:// or rediss://")
    return url


def _network(text: str) -> str:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        raise ValueError(f"{text!r} is no address or network; write it like 127.0.0.1 or 10.0.0.0/8") from None
    return text


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Origin = Annotated[str, AfterValidator(_origin)]
Network = Annotated[str, AfterValidator(_network)]
Seconds = Annotated[int, Field(gt=0)]
Limit = Annotated[int, Field(gt=0)]


class Settings(BaseSettings):
    """What an installation may choose; fixed once it has started."""

    model_config = SettingsConfigDict(
        env_prefix="PARTNER_CENTER_", env_file=".env", env_file_encoding="utf-8", frozen=True, extra="ignore"
    )

    database_url: Annotated[str, AfterValidator(_of_known_driver)] = "sqlite+aiosqlite:///partner-center.db"
    environment: Literal["development", "production"] = "development"
    secret_key: SecretStr = SecretStr(DEFAULT_SECRET)

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    base_url: Origin | None = None
    """Where people reach the application, for links in messages; without it, host and port."""
    allowed_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Origins of portal frontends that may call the API from a browser, separated by commas."""
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode, BeforeValidator(_listed)] = ()
    """Addresses or networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    shutdown_seconds: Seconds = 30
    """How long a server that is told to stop may take to finish what it has begun."""

    access_token_seconds: Seconds = 15 * 60
    refresh_token_seconds: Seconds = 14 * 24 * 3600
    session_idle_seconds: Seconds = 30 * 60
    session_absolute_seconds: Seconds = 12 * 3600

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_token: SecretStr | None = None
    """Bearer token of whoever collects /metrics; without it only this machine may."""
    sweep_interval_seconds: Seconds = 30
    otel_endpoint: Annotated[str, AfterValidator(_http)] | None = None
    """Where traces go by OTLP over HTTP, such as http://127.0.0.1:4318; without it there are none."""

    smtp_host: str | None = None
    """The server that takes mails; without one they are printed on the console."""
    smtp_port: Annotated[int, Field(gt=0, le=65535)] = 587
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_timeout_seconds: Annotated[int, Field(gt=0, le=120)] = 30
    mail_from: Annotated[str, AfterValidator(_mail_address)] = "partner-center@localhost"
    mail_interval_seconds: Seconds = 10
    portal_url: Origin | None = None
    """Where partners' people open what a mail tells them of; Huawei's open it in the back-office."""

    max_concurrent: Limit = 16
    """How many requests one process works on at a time; more than it can compute only makes each slower."""
    max_waiting: Annotated[int, Field(ge=0)] = 64
    max_waiting_seconds: Seconds = 2
    """How many more may wait, and how long; the rest are told to come back."""
    files_dir: Path = Path("partner-center-files")
    """The folder in which files are kept, or gathered on their way to object storage."""
    s3_bucket: str | None = None
    """A bucket of S3-compatible object storage for files; without it they stay in the folder."""
    s3_endpoint: Annotated[str, AfterValidator(_http)] | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str | None = None
    s3_secret_key: SecretStr | None = None
    """Where the bucket is and who may use it; without keys, what the surroundings of the process offer."""

    max_transfers: Limit = 32
    """How many files one process carries in or out at a time, apart from its other requests."""
    max_body_bytes: Limit = 256 * 1024
    max_depth: Limit = 12
    max_aliases: Limit = 30
    max_directives: Limit = 30
    max_tokens: Limit = 4000
    max_cost: Limit = 20_000
    budget_cost: Annotated[int, Field(ge=0)] = 1_000_000
    """What each token, and each account, may spend in a window of cost as X-Cost counts it; 0 sets no limit."""
    budget_seconds: Seconds = 60
    redis_url: Annotated[SecretStr, AfterValidator(_redis)] | None = None
    """A Redis server by which workers share the budgets; without it each worker keeps its share of them."""
    portal_mode: Literal["open", "apq"] | None = None
    """What people may send: `open` answers introspection too. Without a word, open in development and apq otherwise."""

    @model_validator(mode="after")
    def _budget_for_one_operation(self) -> Self:
        if 0 < self.budget_cost < self.max_cost:
            raise ValueError(
                "PARTNER_CENTER_BUDGET_COST is less than PARTNER_CENTER_MAX_COST;"
                " the largest operation could never run."
            )
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if not self.production:
            return self
        secret = self.secret_key.get_secret_value()
        if secret == DEFAULT_SECRET:
            raise ValueError(
                "PARTNER_CENTER_SECRET_KEY is still the default that everyone knows; production does not start with it."
                ' Make one: python3 -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        if len(secret) < SHORTEST_SECRET:
            raise ValueError(f"PARTNER_CENTER_SECRET_KEY has fewer than {SHORTEST_SECRET} characters; make it longer.")
        if self.metrics_token is not None and len(self.metrics_token.get_secret_value()) < 16:
            raise ValueError("PARTNER_CENTER_METRICS_TOKEN has fewer than 16 characters; make it longer.")
        return self

    @property
    def production(self) -> bool:
        """Whether strangers may reach this installation."""
        return self.environment == "production"

    @property
    def address(self) -> str:
        """Where people reach the application."""
        if self.base_url is not None:
            return self.base_url
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def load(**given: object) -> Settings:
    """Read the settings; what is given goes before the environment and .env.

    Raises SettingsError with one plain sentence for each setting that does not serve.
    """
    try:
        return Settings(**given)  # type: ignore[arg-type]  # checked by the model itself
    except ValidationError as wrong:
        raise SettingsError("\n".join(_sentence(one["loc"], one["msg"]) for one in wrong.errors())) from None


def _sentence(place: tuple[int | str, ...], message: str) -> str:
    said = message.removeprefix("Value error, ")
    if not place:
        return said
    return f"PARTNER_CENTER_{str(place[0]).upper()}: {said}"
