"""Fields of rows that the table lacks, by the policy of the dataset."""

import pytest

from tests.cloud.fixtures import Cloud
from tests.integration.batch.batch_rows import errors, rows
from tests.integration.batch.conftest import Post, publish_all
from tests.postgres.databases import Database

_SHELLS = """
CREATE TABLE shells (latin text PRIMARY KEY, width numeric, rest jsonb);
SELECT waybill.register_dataset('shells'{});
"""
_POLICIES = {
    "ignored": ", drift => 'ignore'",
    "rescued": ", drift => 'rescue', rescued => 'rest'",
}
_ROWS = [
    {"latin": "Nautilus", "widht": 2, "tags": ["a", {"b": 1.50}]},
    {"Latin": "Conus", "width": 3, "widht": None},
]


def declare(cloud: Cloud, database: Database, options: str) -> None:
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(_SHELLS.format(options).encode())
    publish_all(cloud, database)


@pytest.mark.parametrize(
    ("action", "kept"),
    [
        ("ignored", [None, None]),
        ("rescued", [{"widht": None}, {"widht": 2, "tags": ["a", {"b": 1.5}]}]),
    ],
)
def test_other_fields_are_ignored_or_rescued(
    post: Post, database: Database, cloud: Cloud, action: str, kept: list[object]
) -> None:
    declare(cloud, database, _POLICIES[action])
    response = post("shells", _ROWS)
    assert response.status == 200, response.text
    found = rows(database, "SELECT latin, width::text, rest FROM shells ORDER BY latin")
    assert found == [("Conus", "3", kept[0]), ("Nautilus", None, kept[1])]
    drift = [
        {"column": "widht", "change": "added", "nearest": "width", "action": action, "records": 2},
        {"column": "tags", "change": "added", "action": action, "records": 1},
    ]
    reported = [
        {name: value for name, value in each.items() if value is not None}
        for each in response.json()["drift"]
    ]
    assert reported == drift
    ((stored,),) = rows(database, "SELECT document -> 'drift' FROM waybill.job_documents")
    assert stored == drift


def test_other_fields_are_refused_by_default(post: Post, database: Database, cloud: Cloud) -> None:
    declare(cloud, database, "")
    response = post("shells", _ROWS)
    assert sorted(errors(response)) == [
        (0, "tags", "unknown_field"),
        (0, "widht", "unknown_field"),
        (1, "widht", "unknown_field"),
    ]
    assert "nearest: width" in response.text


def test_a_row_without_any_column_is_refused(post: Post, database: Database, cloud: Cloud) -> None:
    declare(cloud, database, ", drift => 'ignore'")
    response = post("shells", [{"latin": "Conus"}, {"colour": "red"}], mode="partial")
    assert response.json()["waybill"]["rejected"] == 1
