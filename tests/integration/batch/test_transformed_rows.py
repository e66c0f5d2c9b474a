"""Rows of a batch follow the rules of their dataset, like the records of a file."""

from tests.cloud.fixtures import Cloud
from tests.integration.batch.batch_rows import errors, rows
from tests.integration.batch.conftest import Post, publish_all
from tests.postgres.databases import Database

HERBS = """
CREATE TABLE herbs (latin text PRIMARY KEY, grams numeric, shelf text);
SELECT waybill.register_dataset('herbs', transformation => '{
    "rename": {"Botanical Name": "latin"}, "trim": ["*"], "lower": ["latin"],
    "null_words": {"grams": ["n/a"]}, "filter": [{"column": "shelf", "not_in": ["waste"]}]
}');
"""


def declare(cloud: Cloud, database: Database) -> None:
    with database.connect() as connection:
        connection.execute("SET ROLE waybill_owner")
        connection.execute(HERBS.encode())
    publish_all(cloud, database)


def test_rows_are_transformed_and_filtered(post: Post, database: Database, cloud: Cloud) -> None:
    declare(cloud, database)
    response = post(
        "herbs",
        [
            {"Botanical Name": " Salvia ", "grams": " 12.50 "},
            {"latin": "Thymus", "grams": "n/a", "shelf": "b"},
            {"latin": "Mentha", "grams": "heaps", "shelf": " waste "},
        ],
    )
    assert response.status == 200, response.text
    reported = response.json()
    counts = {name: n for name, n in reported["waybill"].items() if name in ("read", "filtered")}
    assert counts == {"read": 3, "filtered": 1}
    assert (reported["rows_written"], reported["errors"]) == (2, [])
    found = rows(database, "SELECT latin, grams::text, shelf FROM herbs ORDER BY latin")
    assert found == [("salvia", "12.50", None), ("thymus", None, "b")]


def test_errors_name_the_row_of_the_request(post: Post, database: Database, cloud: Cloud) -> None:
    declare(cloud, database)
    sent = [
        {"latin": "a", "shelf": "waste"},
        {"latin": "B", "grams": "heaps"},
        {"latin": "c", "shelf": "waste", "colour": "red"},
        {"latin": "D"},
    ]
    assert errors(post("herbs", sent)) == [
        (1, "grams", "invalid_number"),
        (2, "colour", "unknown_field"),
    ]
    response = post("herbs", sent, mode="partial").json()
    waybill = response["waybill"]
    assert (waybill["read"], waybill["filtered"], waybill["rejected"]) == (4, 1, 2)
    assert [error["row"] for error in response["errors"]] == [1, 2]


def test_a_batch_of_filtered_rows_writes_nothing(
    post: Post, database: Database, cloud: Cloud
) -> None:
    declare(cloud, database)
    response = post("herbs", [{"latin": "a", "shelf": "waste"}]).json()
    assert (response["state"], response["rows_written"]) == ("COMPLETED", 0)
    assert response["waybill"]["filtered"] == response["waybill"]["read"] == 1
    assert rows(database, "SELECT * FROM herbs") == []
