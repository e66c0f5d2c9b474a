"""Rows of batches, and their results in the response and the database."""

from typing import Any

from tests.postgres.databases import Database
from tests.unit.http.api_client import ApiResponse

SALES = {"id": 1, "department": "Sales"}


def hire(number: int, **changed: object) -> dict[str, object]:
    usual = {"id": number, "name": "Ada", "hire_dt": "2021-07-27T16:02:08Z"}
    return {**usual, "department_id": None, "job_id": None, **changed}


def errors(response: ApiResponse) -> list[tuple[int, str | None, str]]:
    return [(e["row"], e["column"], e["code"]) for e in response.json()["errors"]]


def rows(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return connection.execute(statement.encode()).fetchall()
