"""Sources that are declared in the repository: `sql/sources/<name>.toml`, one each."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from waybill.errors import Conflict, Rejected
from waybill.sources.definition import SourceDefinition


def read_sources(folder: Path) -> dict[str, SourceDefinition]:
    """The sources declared in `folder`, by the path of their file below it.

    Raises:
        Conflict: `source-invalid`; the detail names the file and what is wrong with it.
    """
    found: dict[str, SourceDefinition] = {}
    for file in sorted((folder / "sources").glob("*.toml")):
        path = file.relative_to(folder).as_posix()
        try:
            content = tomllib.loads(file.read_text("utf-8"))
            source = SourceDefinition.model_validate({"name": file.stem, **content})
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
    return found
