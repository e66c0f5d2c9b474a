"""What a preview shows of a file is what loading the file does."""

from decimal import Decimal

from functions.api.batch.preview_records import Sample, preview_records
from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection
from waybill.binary.source import BytesSource
from waybill.contract.model import Contract

TABLE = """
CREATE TABLE dives (
    buoy text NOT NULL,
    "Dived On" date NOT NULL,
    metres numeric(6, 2),
    guide text
);
SELECT waybill.register_dataset('dives', transformation => '{
    "rename": {"Mark": "buoy", "Day": "Dived On"},
    "trim": ["*"],
    "lower": ["buoy"],
    "null_words": {"guide": ["unknown", "-"]},
    "formats": {"Dived On": {"date": "DD.MM.YYYY"}, "metres": {"decimal": ","}},
    "filter": [{"column": "buoy", "not_like": "sum%"}]
}');
"""
FILE = """Mark;Day;metres;guide
" A7 ";01.05.2024;12,5;unknown
a7;01.05.2024;30;Kim
Z9;02.05.2024;40,25; -
SUM;;52,75;
b2;31.02.2024;10;Kim
c3;03.05.2024
c3;04.05.2024;ten;Kim
"""


def test_a_preview_shows_what_is_loaded_filtered_and_rejected(
    admin: Connection, cloud: Cloud
) -> None:
    admin.execute(TABLE.encode())
    land(cloud, "dives", "dives.csv", FILE.encode())
    settle(cloud)
    found = admin.execute("SELECT waybill.contract('dives')").fetchone()
    assert found is not None
    contract = Contract.model_validate(found[0])
    shown = preview_records(contract, Sample(BytesSource(FILE.encode()))).records
    loaded = [each.after for each in shown if each.outcome == "loaded"]
    rows = admin.execute('SELECT buoy, "Dived On", metres::text, guide FROM dives').fetchall()
    assert sorted(
        (row["buoy"], row["Dived On"], f"{Decimal(row['metres']):.2f}", row["guide"])
        for row in filter(None, loaded)
    ) == sorted(rows)
    outcomes: list[str] = [each.outcome for each in shown]
    job = admin.execute(
        "SELECT read, inserted, filtered, rejected FROM waybill.ingestion_jobs"
    ).fetchone()
    assert job == (7, 3, 1, 3)
    assert job == (len(shown), *map(outcomes.count, ("loaded", "filtered", "rejected")))
    rejects = admin.execute("SELECT line, errors FROM waybill.validation_errors").fetchall()
    assert dict(rejects) == {
        each.line: [error.model_dump() for error in each.errors]
        for each in shown
        if each.outcome == "rejected"
    }
