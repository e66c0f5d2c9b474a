"""What a person may choose about the local stack, by environment variables or `.env`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field

from infra.bootstrap import ROOT
from waybill.settings import Settings


class LocalSettings(Settings):
    """Where the local stack lives; every field has a default."""

    waybill_home: Path = Field(
        default=ROOT / ".waybill", description="Folder with all that the local stack keeps."
    )
    waybill_port: int | None = Field(
        default=None, description="Port of the AWS emulator; without it 4566 or a free one."
    )
    waybill_database_port: int | None = Field(
        default=None, description="Port of the embedded PostgreSQL; without it 54318 or a free one."
    )
    database_url: str | None = Field(
        default=None,
        description="Another PostgreSQL (18) instead of the embedded one, as a role that may "
        "create roles; its database is taken over.",
    )

    @classmethod
    def found(cls) -> Self:
        """From the environment, and from `.env` in the project's folder for what is not there."""
        return cls.from_environment({**_dotenv(ROOT / ".env"), **os.environ})


def _dotenv(path: Path) -> Mapping[str, str]:
    if not path.is_file():
        return {}
    lines = (line.strip() for line in path.read_text().splitlines())
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("'\"") for name, value in pairs}
