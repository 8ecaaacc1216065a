"""Everything the environment may configure, typed. ``.env.example`` documents each name; a test keeps the two in step."""

import sys
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent
INSECURE_SECRET_KEY = "insecure-development-key"  # noqa: S105  # pragma: allowlist secret

CommaSeparated = Annotated[list[str], NoDecode]


# Planning a statement anew costs as much as executing it: the ledger's take half the time when the server keeps their plans.
PREPARED = {"server_side_binding": True, "prepare_threshold": 2}


class Env(BaseSettings):
    """The process environment, and ``.env`` beside it. Missing means production: nothing is opened by forgetting."""

    model_config = SettingsConfigDict(env_file=BASE_DIR / ".env", extra="ignore", env_ignore_empty=True)

    ENVIRONMENT: Literal["development", "test", "production"] = "production"
    DEBUG: bool = False
    SECRET_KEY: SecretStr = SecretStr(INSECURE_SECRET_KEY)
    FIELD_ENCRYPTION_KEY: SecretStr = SecretStr("")
    ALLOWED_HOSTS: CommaSeparated = ["localhost", "127.0.0.1", "[::1]"]
    BASE_URL: str = "http://localhost:8000"
    PORT: int = 8000
    WEB_PROCESSES: int = Field(default=1, ge=1)
    VAR_DIR: Path = BASE_DIR / "var"
    LOG_LEVEL: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    SENTRY_DSN: str = ""
    OTEL_EXPORTER_OTLP_ENDPOINT: str = ""
    OTEL_EXPORTER_OTLP_HEADERS: SecretStr = SecretStr("")
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: bool = False

    DATABASE_URL: str = "postgresql://localhost:5432/troupe"
    DATABASE_POOL_SIZE: int = Field(default=12, ge=1)
    DATABASE_PREPARED_STATEMENTS: bool = True
    REDIS_URL: str = "redis://localhost:6379/0"
    LOCAL_MODEL_URL: str = ""

    SECURE_SSL: bool = True
    TRUSTED_PROXY_COUNT: int = Field(default=0, ge=0)
    CSRF_TRUSTED_ORIGINS: CommaSeparated = []
    CORS_ALLOWED_ORIGINS: CommaSeparated = []
    OUTBOUND_ALLOWED_HOSTS: CommaSeparated = []
    CHROMIUM: str = ""
    OUTBOUND_ALLOW_LOOPBACK_PROVIDERS: bool = False

    EMAIL_URL: str = "console://"
    DEFAULT_FROM_EMAIL: str = "Troupe <no-reply@localhost>"
    EMAIL_VERIFICATION: Literal["mandatory", "optional", "none"] = "mandatory"

    S3_BUCKET: str = ""
    S3_ENDPOINT_URL: str = ""
    S3_REGION: str = ""
    S3_ACCESS_KEY_ID: str = ""
    S3_SECRET_ACCESS_KEY: SecretStr = SecretStr("")
    CLAMD_URL: str = ""
    WORKSPACE_STORED_MB: int = Field(default=5120, ge=0)

    GOOGLE_CLIENT_ID: str = ""
    GOOGLE_CLIENT_SECRET: SecretStr = SecretStr("")
    GITHUB_CLIENT_ID: str = ""
    GITHUB_CLIENT_SECRET: SecretStr = SecretStr("")
    OIDC_SERVER_URL: str = ""
    OIDC_CLIENT_ID: str = ""
    OIDC_CLIENT_SECRET: SecretStr = SecretStr("")
    OIDC_NAME: str = "OpenID Connect"

    OPENAI_API_KEY: SecretStr = SecretStr("")
    ANTHROPIC_API_KEY: SecretStr = SecretStr("")
    GOOGLE_API_KEY: SecretStr = SecretStr("")
    HUGGINGFACE_API_KEY: SecretStr = SecretStr("")
    DEEPSEEK_API_KEY: SecretStr = SecretStr("")
    STABILITY_API_KEY: SecretStr = SecretStr("")
    MISTRAL_API_KEY: SecretStr = SecretStr("")
    GROQ_API_KEY: SecretStr = SecretStr("")
    OPENROUTER_API_KEY: SecretStr = SecretStr("")
    PROVIDER_BASE_URLS: CommaSeparated = []

    BILLING_MODE: Literal["credits", "off"] = "credits"
    BILLING_OWN_KEY: Literal["free", "priced"] = "free"
    THROTTLE_API: int = Field(default=300, ge=0)
    THROTTLE_ANONYMOUS: int = Field(default=60, ge=0)
    THROTTLE_LOGIN: int = Field(default=10, ge=0)
    THROTTLE_REGISTER: int = Field(default=30, ge=0)
    THROTTLE_INVITATION: int = Field(default=20, ge=0)
    THROTTLE_RUNS: int = Field(default=300, ge=0)
    THROTTLE_AGENT_RUNS: int = Field(default=0, ge=0)
    THROTTLE_TRIALS: int = Field(default=30, ge=0)
    LIMIT_CONCURRENT_RUNS: int | None = Field(default=None, ge=0)

    @field_validator(
        "ALLOWED_HOSTS",
        "CSRF_TRUSTED_ORIGINS",
        "CORS_ALLOWED_ORIGINS",
        "OUTBOUND_ALLOWED_HOSTS",
        "PROVIDER_BASE_URLS",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @cached_property
    def production(self) -> bool:
        return self.ENVIRONMENT == "production"

    @cached_property
    def database(self) -> dict[str, object]:
        """``DATABASE_URL`` as a Django ``DATABASES`` entry; a socket directory may stand in ``?host=``."""
        url = urlsplit(self.DATABASE_URL)
        query = dict(parse_qsl(url.query))
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(url.path.lstrip("/")),
            "USER": unquote(url.username or ""),
            "PASSWORD": unquote(url.password or ""),
            "HOST": query.pop("host", unquote(url.hostname or "")),
            "PORT": str(query.pop("port", url.port or "")),
            "OPTIONS": {**query, **(PREPARED if self.DATABASE_PREPARED_STATEMENTS else {})},
        }


def read() -> Env:
    """The environment as it is now. Exits with a line for each value that cannot be used."""
    try:
        return Env()
    except ValidationError as error:
        sys.exit("\n".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}." for one in error.errors()))


_kept = cache(read)


def __getattr__(name: str) -> Env:
    """``env``: read at the first question, not at the import, because a test plugin sets names in between."""
    if name != "env":
        raise AttributeError(name)
    return _kept()
