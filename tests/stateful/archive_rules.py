"""Rules for files that differ from their table, and for archives."""

import io
import zipfile
from functools import partial

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.stateful.generators import PROVOKED, seconds, some_files, some_records, spoiled
from tests.stateful.model import File, body_of, drifted_body, read_of, rescued
from tests.stateful.revert_rules import RevertRules
from tests.stateful.rules import NONE
from tests.stateful.tables import TABLES, Cells

_DRIFTING = st.sampled_from([name for name, table in TABLES.items() if table.partial])
PACKED = [
    name
    for name, table in TABLES.items()
    if not (table.partial or table.replaced or table.insert_only) and table.rules is NONE
]
_colours = st.sampled_from(("red", "blue"))


class ArchiveRules(RevertRules):
    """Drift by the policy of the dataset; archives of one to three members."""

    @rule(name=_DRIFTING, data=st.data(), renamed=st.booleans())
    @precondition(lambda self: not self.cloud.suspended)
    def land_drifted(self, name: str, data: st.DataObject, renamed: bool) -> None:
        """A column more; if it is renamed also one less."""
        table = TABLES[name]
        lacks = [column.is_rescued for column in table.columns]
        lacks[1] = renamed
        drawn = [
            tuple(
                None if is_missing else cell for cell, is_missing in zip(record, lacks, strict=True)
            )
            for record in data.draw(some_records(table))
        ]
        colours = [data.draw(_colours) for _ in drawn]
        body = drifted_body(table, drawn, colours)
        records = tuple(map(partial(rescued, table), drawn, colours))
        second, file_name = self.second_of(table, 0), f"d{len(self.files):03}.csv"
        key, version = self.cloud.land(table.name, file_name, body, second)
        self.register(table)
        file = File(table, second, key, version, records, drifted=True)
        file.corrupt = table.drift == "refuse"
        self.files.append(file)
        PROVOKED[f"drifted files, {table.drift}"] += 1

    @rule(
        files=st.lists(some_files(PACKED), min_size=1, max_size=3),
        second=seconds,
        spoils=st.booleans(),
    )
    @precondition(lambda self: not self.cloud.suspended)
    def land_archive(
        self, files: list[tuple[str, tuple[Cells, ...]]], second: int, spoils: bool
    ) -> None:
        """Of the dataset of the first one; unpacked at once, so that its members are known."""
        table = TABLES[files[0][0]]
        members = [records for name, records in files if name == table.name]
        if spoils:
            members = [spoiled(table, records) for records in members]
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as packed:
            for number, records in enumerate(members):
                packed.writestr(f"{number}.csv", body_of(table, records, header=True))
        name = f"z{len(self.files):03}.zip"
        key, version = self.cloud.land(table.name, name, target.getvalue(), second)
        archive = File(table, second, key, version, (), is_archive=True)
        self.files.append(archive)
        found = self.unpack(archive, len(members))
        for (member, of_member), records in zip(found, members, strict=True):
            read = read_of(records)
            self.files.append(File(table, second, member, of_member, read, archive=archive))
        PROVOKED["archives"] += 1

    def unpack(self, archive: File, members: int) -> list[tuple[str, str]]:
        """Deliver the event of an archive that has landed; keys and versions of its members."""
        self.cloud.deliver("landed", len(self.cloud.queues["landed"]) - 1)
        query = (
            "SELECT m.object_key, m.version_id FROM waybill.ingestion_jobs AS m"
            " JOIN waybill.ingestion_jobs AS a ON a.job_id = m.archive_job_id"
            " WHERE a.object_key = %s ORDER BY m.object_key"
        )
        found = self.admin.execute(query, (archive.key,)).fetchall()
        if len(found) < members:
            # A lock was taken: it is unpacked by the next attempt.
            self.cloud.settle()
            found = self.admin.execute(query, (archive.key,)).fetchall()
        return found
