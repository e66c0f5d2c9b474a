"""Every rule at once, on tables that nothing else knows, from files to rows and waybill."""

import json

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

TABLES = """
CREATE TABLE reefs (buoy text PRIMARY KEY, sea text);
SELECT waybill.register_dataset('reefs');
CREATE TABLE dives (
    buoy text NOT NULL,
    "Dived On" date NOT NULL,
    metres numeric(6, 2),
    guide text,
    sea text,
    feet numeric GENERATED ALWAYS AS (round(metres * 3.28, 1)) STORED,
    ratio numeric GENERATED ALWAYS AS (100 / metres) STORED
);
SELECT waybill.register_dataset('dives', transformation => '{
    "rename": {"Mark": "buoy", "Day": "Dived On"},
    "trim": ["*"],
    "lower": ["buoy"],
    "null_words": {"guide": ["unknown", "-"]},
    "formats": {"Dived On": {"date": "DD.MM.YYYY"}, "metres": {"decimal": ","}},
    "filter": [{"column": "buoy", "not_like": "sum%"}],
    "enrich": {"sea": {"dataset": "reefs", "take": "sea", "on": {"buoy": "buoy"}}},
    "where": "metres < 100 OR metres IS NULL",
    "drop_duplicates": ["buoy", "Dived On"]
}');
"""
FILE = """Mark;Day;metres;guide
" A7 ";01.05.2024;12,5;unknown
a7;01.05.2024;30;Kim
Z9;02.05.2024;40,25; -
SUM;;52,75;
a7;03.05.2024;250;Kim
b2;31.02.2024;10;Kim
b2;04.05.2024;0;Kim
"""


def test_every_rule_is_applied_and_the_counts_add_up(admin: Connection, cloud: Cloud) -> None:
    admin.execute(TABLES.encode())
    land(cloud, "reefs", "reefs.csv", b"buoy,sea\na7,Coral\nb2,Timor\n")
    settle(cloud)
    land(cloud, "dives", "dives.csv", FILE.encode(), second=1)
    settle(cloud)
    rows = admin.execute(
        'SELECT buoy, "Dived On"::text, metres::text, guide, sea, feet::text,'
        " ratio::numeric(6, 2)::text FROM dives ORDER BY buoy"
    ).fetchall()
    assert rows == [
        ("a7", "2024-05-01", "12.50", None, "Coral", "41.0", "8.00"),
        ("z9", "2024-05-02", "40.25", None, None, "132.0", "2.48"),
    ]
    job = admin.execute(
        "SELECT job_id, state, read, inserted, filtered, rejected FROM waybill.ingestion_jobs"
        " WHERE filename = 'dives.csv'"
    ).fetchone()
    assert job is not None
    # Left out: the sum, the repeated dive and the one that is too deep.
    assert job[1:] == ("COMPLETED_WITH_REJECTS", 7, 2, 3, 2)
    rejects = admin.execute(
        "SELECT line, errors FROM waybill.validation_errors WHERE job_id = %s ORDER BY line",
        (job[0],),
    ).fetchall()
    assert [line for line, _ in rejects] == [7, 8]
    assert rejects[0][1][0]["column"] == "Dived On"
    assert "division by zero" in json.dumps(rejects[1][1])
