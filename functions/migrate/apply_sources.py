"""Bring the data sources to what the files of `sql/sources/` declare."""

from pathlib import Path

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
    has one. Gives the names, sorted.

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
        for path in known.keys() - sources.keys():
            kept.delete(known[path], declared_in=path)
        saved = {
            kept.save(source, known.get(path), declared_in=path): source.schedule
            for path, source in sources.items()
        }
    for path in known.keys() - sources.keys():
        schedules.keep(known[path], None)
    for source_id, expression in saved.items():
        schedules.keep(source_id, expression)
    return sorted(source.name for source in sources.values())
