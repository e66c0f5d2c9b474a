"""Load, export and load again: equal, for every format and type."""

import pytest

from tests.integration.exports.conftest import TYPES, Exporter
from tests.integration.path.steps import land, settle

ROWS = """
INSERT INTO kinds VALUES
(1, -32768, -2147483648, -9223372036854775808, -0.000000000000000000000000000000001,
 -999999999.999, 1.1754944e-38, 5e-324, true, '0001-01-01', '0001-01-01 00:00:00',
 '0001-01-01 00:00:00+00', '00:00', '23:59:59.999999-15:59', '-1 year 2 days -03:04:05.6',
 '00000000-0000-0000-0000-000000000000', '', '"', 'a', '{"a": [1.10, null, "x"]}', '{}',
 '{{1,2},{3,NULL}}', '\\x00ff', '::1/64', 'empty', '=calm', 1),
(2, 32767, 2147483647, 9223372036854775807, 123456789012345678901234567890.12, 999999999.999,
 3.4028235e38, 1.7976931348623157e308, false, '9999-12-31', '9999-12-31 23:59:59.999999',
 '9999-12-31 23:59:59.999999+00', '23:59:59.999999', '00:00+00', '25:10:00',
 'ffffffff-ffff-ffff-ffff-ffffffffffff', E'a,"b"\\r\\n\\nc\\td', '=1+1', 'äöü', '"text"',
 E'{"a,b","c\\\\\\\\d\\\\"e",NULL,"NULL",""}', '{}', '', '10.0.0.1', '[2020-01-01,)', 'o,k', 7),
(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
 NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
(4, 0, 0, 0, 1.50, 0, 0, 0.1, true, '2024-02-29', '2024-02-29 12:00:00.5',
 '2024-02-29 12:00:00.123456+02', '12:00', '12:00+02', '0', gen_random_uuid(), E'\\\\N', '''=x',
 ' b', '[]', '{x}', '{0}', '\\x', '10.0.0.0/8', '(,)', 'it''s "fine"', 2)
"""


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet", "arrow"])
def test_every_type_comes_back_equal(exporter: Exporter, file_format: str) -> None:
    admin = exporter.admin
    admin.execute(ROWS)
    (data,) = exporter.export("kinds", file_format)
    land(exporter.cloud, "copies", f"kinds.{file_format}", data)
    settle(exporter.cloud)
    rejects = admin.execute("SELECT line, errors FROM waybill.validation_errors").fetchall()
    job = admin.execute("SELECT state, read, error FROM waybill.ingestion_jobs").fetchone()
    assert (rejects, job) == ([], ("COMPLETED", 4, None))
    columns = ", ".join(["id", *TYPES])
    rows = [
        admin.execute(f"SELECT {columns} FROM {name} ORDER BY id").fetchall()
        for name in ("kinds", "copies")
    ]
    for before, after in zip(*rows, strict=True):
        assert after == before
