"""Settings of the local stack, from environment variables or `.env`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field

from infra.bootstrap import ROOT
from waybill.settings import Settings


class LocalSettings(Settings):
    """All are optional."""

    waybill_home: Path = Field(
        default=ROOT / ".waybill", description="Folder for all data of the local stack."
    )
    waybill_port: int | None = Field(
        default=None, description="Port of the AWS emulator. Default: 4566, or a free one."
    )
    waybill_database_port: int | None = Field(
        default=None,
        description="Port of the embedded PostgreSQL. Default: 54318, or a free one.",
    )
    waybill_smtp: str | None = Field(
        default=None,
        description="SMTP server (`host:port`) that gets the e-mail of notifications; without one "
        "it is only logged.",
    )
    database_url: str | None = Field(
        default=None,
        description="Another PostgreSQL (18) to use, as a role that may create roles. "
        "Waybill becomes the owner of its database.",
    )

    @classmethod
    def load(cls) -> Self:
        """From the environment; what is not set there, from `.env` in the project's folder."""
        return cls.from_environment({**_dotenv(ROOT / ".env"), **os.environ})


def _dotenv(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}
