"""Users of the API for locust: each reads a page, thinks for some seconds, and reads the next."""

import os

from locust import FastHttpUser, between

_TOKEN = os.environ.get("LOCUST_TOKEN", "")
_HEADERS = {"Authorization": f"Bearer {_TOKEN}"} if _TOKEN else {}


def quarters(user: FastHttpUser) -> None:
    """Hires by quarter."""
    user.client.get("/analytics/hired/by-quarter?year=2021", headers=_HEADERS)


def departments(user: FastHttpUser) -> None:
    """Departments above average."""
    user.client.get("/analytics/departments/above-average?year=2021", headers=_HEADERS)


def jobs(user: FastHttpUser) -> None:
    """The latest jobs."""
    user.client.get("/jobs?limit=20", headers=_HEADERS)


class Reader(FastHttpUser):  # type: ignore[misc]
    """Reads figures most of all."""

    wait_time = between(*map(float, os.environ["LOCUST_THINK"].split("-")))
    connection_timeout = 60.0
    network_timeout = 60.0
    tasks = {quarters: 3, departments: 2, jobs: 1}  # noqa: RUF012 - as locust reads it
