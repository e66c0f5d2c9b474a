"""Bring the data sources to what the files of `sql/sources/` declare."""

from pathlib import Path

from waybill import telemetry
from waybill.database.data_sources import DataSources
from waybill.database.queries import sql_folder
from waybill.database.repository import Connection, transaction
from waybill.database.scripts import become_owner
from waybill.sources.files import read_sources
from waybill.sources.schedules import Schedules


def apply_sources(
    connection: Connection, schedules: Schedules, folder: Path | None = None
) -> list[str]:
    """Save what `folder` (default: `sql/`) declares, and delete what it no longer does.

    All in one transaction; then the schedules follow. A source keeps its cursor, unless the file
    has one; also one whose file was renamed, if the file says so. Gives the names, sorted.

    Raises:
        Conflict: `source-invalid`, `source-exists`.
        Rejected: `unknown-dataset`.
        Unavailable: EventBridge Scheduler cannot be reached; the next run repeats it.
    """
    sources = read_sources(folder or sql_folder())
    kept = DataSources(connection)
    with transaction(connection):
        become_owner(connection)
        known = {found.declared_in: found.source_id for found in kept.declared()}
        ids = {
            path: known.get(path) or known.get(source.former_path or "")
            for path, source in sources.items()
        }
        removed = {path: each for path, each in known.items() if each not in ids.values()}
        for path, source_id in removed.items():
            kept.delete(source_id, declared_in=path)
        saved = {
            kept.save(source, ids[path], declared_in=path): source.schedule
            for path, source in sources.items()
        }
    for path, source_id in removed.items():
        # A file that was renamed without `formerly` shows here: its new source begins anew.
        telemetry.action("source.removed", level="warning", path=f"sql/{path}", cursor="lost")
        schedules.keep(source_id, None)
    for source_id, expression in saved.items():
        schedules.keep(source_id, expression)
    return sorted(source.name for source in sources.values())
