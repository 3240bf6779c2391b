"""Settings of an installation, from the environment (FLEXDAY_...) or a .env file."""

from __future__ import annotations

from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """One installation. A school's own rules and weights are in its database, not here."""

    model_config = SettingsConfigDict(env_prefix="FLEXDAY_", env_file=".env", extra="ignore")

    database: str = "sqlite:///flexday.db"
    """SQLAlchemy address: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."""
    school: str | None = None
    """The school that commands act on where none is named."""
    largest_body: int = Field(default=1024 * 1024, ge=1024)
    """Bytes of a posted event or batch."""
    largest_batch: int = Field(default=500, ge=1, le=500)
    """Events in one posted batch."""
    largest_upload: int = Field(default=256 * 1024 * 1024, ge=1024)
    """Bytes of an uploaded import."""
    deepest_json: int = Field(default=32, ge=4, le=200)
    secret: str = ""
    """Signs the sign-in cookies; empty means a new one at every start, which ends all sign-ins."""
    role_picker: bool = False
    """Whether anybody who reaches the pages may sign in as anybody: for demos and trials only."""
    api_keys: dict[str, str] = Field(default_factory=dict)
    """Who may post events: sha256 of the key, in hexadecimal, to the school it stands for."""


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
