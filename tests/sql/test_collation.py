"""These tests run in a database whose default order of text is not by code point."""

import os

import pytest

from tests.postgres.databases import Database
from tests.postgres.linguistic import LOCALE


def test_the_sql_tests_run_under_the_order_of_a_language(template_database: Database) -> None:
    with template_database.connect() as admin:
        found = admin.execute("SELECT 'a' < 'B', 'B' COLLATE \"C\" < 'a'").fetchone()
    if found == (False, True) and os.environ.get("CI") != "true":
        pytest.skip(f"The machine has no locale {LOCALE}: localedef -i en_US -f UTF-8 {LOCALE}")
    assert found == (True, True)
