"""Sources that are declared in the repository: `sql/sources/<name>.toml`, one each."""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from waybill.errors import Conflict, Rejected
from waybill.sources.definition import SourceDefinition


class FileDefinition(SourceDefinition):
    """A source as its file defines it."""

    formerly: str | None = Field(
        default=None,
        pattern=r"^[a-z_][a-z0-9_]{0,62}$",
        exclude=True,
        description="The name that the file had before: the source keeps its id and cursor.",
    )

    @property
    def former_path(self) -> str | None:
        """The path of the file before it was renamed."""
        return f"sources/{self.formerly}.toml" if self.formerly else None


def read_sources(folder: Path) -> dict[str, FileDefinition]:
    """The sources declared in `folder`, by the path of their file below it.

    Raises:
        Conflict: `source-invalid`; the detail names the file and what is wrong with it.
    """
    found: dict[str, FileDefinition] = {}
    for file in sorted((folder / "sources").glob("*.toml")):
        path = file.relative_to(folder).as_posix()
        try:
            content = tomllib.loads(file.read_text("utf-8"))
            source = FileDefinition.model_validate({"name": file.stem, **content})
            # A connection that is not valid is found now, not when it is used.
            _ = source.reached_by
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Conflict("source-invalid", f"{path}: {where}: {first['msg']}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, Rejected) as error:
            raise Conflict("source-invalid", f"{path}: {error}") from None
        if source.name != file.stem:
            raise Conflict("source-invalid", f"{path}: the name is not that of the file.")
        found[path] = source
    _check_former_paths(found)
    return found


def _check_former_paths(sources: Mapping[str, FileDefinition]) -> None:
    renamed: dict[str, str] = {}
    for path, source in sources.items():
        former = source.former_path
        if former is None:
            continue
        if former in sources:
            raise Conflict("source-invalid", f"{path}: formerly: sql/{former} is still there.")
        if former in renamed:
            raise Conflict("source-invalid", f"{path}: formerly: {renamed[former]} has it, too.")
        renamed[former] = path
