"""Statistics of columns: over chunks, attempts and files; of a table that only these tests know."""

import math
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from functions.api.jobs.column_models import ComparedColumns
from tests.integration.load.landing import Landing
from tests.integration.load.test_stage_chunk import HEADER, HIGH, LOW, NULLS
from waybill.database.chunks import Chunks
from waybill.errors import Unavailable

EXTREMES = {
    "id": ("-9223372036854775808", "9223372036854775807"),
    "i2": ("-32768", "32767"),
    "i4": ("-2147483648", "2147483647"),
    "f4": ("-3.4028235e+38", "1e-45"),
    "f8": ("-1.7976931348623157e+308", "5e-324"),
    "b": (None, None),
    "d": ("0001-01-01", "9999-12-31"),
    "ts": ("0001-01-01T00:00:00", "9999-12-31T23:59:59.999999"),
    "tz": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    "t": ("", 'a "b"\r\n🚚'),
    "v": ("abc", "ñ"),
    "n": ("-9999999999999999.9999", "0.5"),
    "u": (None, None),
    "a": (None, None),
}


def load(landing: Landing, data: bytes, *, chunk_bytes: int = 1 << 26) -> UUID:
    """Land, stage and merge a file."""
    job = landing.land(data, chunk_bytes=chunk_bytes)
    for chunk in landing.chunks(job):
        landing.stage(job, chunk["chunk"])
    merge(landing, job)
    return job


def merge(landing: Landing, job: UUID) -> None:
    landing.admin.execute("SELECT waybill.merge_job(%s)", (job,))
    assert landing.job(job)["state"].startswith("COMPLETED")


def compared(landing: Landing, job: UUID) -> dict[str, Any]:
    row = landing.admin.execute("SELECT waybill.compare_columns(%s)", (job,)).fetchone()
    assert row is not None
    ComparedColumns.model_validate(row[0])
    return dict(row[0])


def current(landing: Landing, job: UUID) -> dict[str, Any]:
    return {item["column"]: item["current"] for item in compared(landing, job)["items"]}


@pytest.mark.parametrize("chunk_bytes", [1, 1 << 26])
def test_extremes_of_every_kind_are_exact(landing: Landing, chunk_bytes: int) -> None:
    found = current(landing, load(landing, HEADER + LOW + HIGH + NULLS, chunk_bytes=chunk_bytes))
    assert {name: (one["min"], one["max"]) for name, one in found.items()} == EXTREMES
    assert {name: one["nulls"] for name, one in found.items()} == dict.fromkeys(EXTREMES, 1) | {
        "id": 0
    }
    assert {one["distinct"] for name, one in found.items() if name != "id"} == {2}
    assert all(one["distinct_is_exact"] and one["records"] == 3 for one in found.values())


def test_chunks_give_the_statistics_of_the_whole(landing: Landing) -> None:
    lines = [b"%d,%d,text %d,%s\n" % (n, n % 50, n, b"NA" if n % 4 else b"x") for n in range(9000)]
    header = b"id,i2,t,v\n"
    whole = current(landing, load(landing, header + b"".join(lines)))
    parts = current(landing, load(landing, header + b"".join(lines), chunk_bytes=20_000))
    assert parts == whole
    assert (whole["i2"]["distinct"], whole["i2"]["distinct_is_exact"]) == (50, True)
    assert not whole["t"]["distinct_is_exact"]
    assert math.isclose(whole["t"]["distinct"], 9000, rel_tol=6 / math.sqrt(1024))
    assert (whole["v"]["nulls"], whole["v"]["distinct"]) == (6750, 1)
    assert list(whole) == ["id", "i2", "t", "v"]


def test_an_attempt_that_fails_counts_nothing(
    landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = landing.land(b"id,t\n1,a\n2,b\n3,c\n", chunk_bytes=1)
    landing.stage(job, 0)
    with monkeypatch.context() as patched:
        patched.setattr(Chunks, "finish", _fail)
        with pytest.raises(Unavailable):
            landing.stage(job, 1)
    for chunk in (1, 0, 2, 2):
        landing.stage(job, chunk)
    merge(landing, job)
    merge(landing, job)
    assert {name: one["records"] for name, one in current(landing, job).items()} == {
        "id": 3,
        "t": 3,
    }
    assert [chunk["columns"] for chunk in landing.chunks(job)] == [None] * 3


def _fail(*_: object) -> None:
    raise Unavailable("database-unavailable", "It is gone.")


def test_columns_are_compared_with_the_load_before(landing: Landing) -> None:
    first = load(landing, b"id,t,i2\n1,a,5\n2,b,6\n")
    assert compared(landing, first)["compared_with"] is None
    second = load(landing, b"id,t,d\n3,,2021-01-01\nx,c,\n4,c,\n")
    found = compared(landing, second)
    assert found["compared_with"] == str(first)
    columns = {item["column"]: item for item in found["items"]}
    assert columns["i2"]["current"] is None
    assert columns["d"]["previous"] is None
    text = columns["t"]
    assert [text[one]["nulls"] for one in ("previous", "current")] == [0, 1]
    assert [text[one]["max"] for one in ("previous", "current")] == ["b", "c"]
    # The rejected record does not count.
    assert text["current"]["records"] == 2


def test_what_has_become_personal_is_not_shown(landing: Landing) -> None:
    job = load(landing, b"id,t\n1,a\n")
    landing.admin.execute("UPDATE waybill.datasets SET personal = '{t}' WHERE name = 'kinds'")
    found = {item["column"]: item for item in compared(landing, job)["items"]}
    assert found["t"]["personal"]
    assert (found["t"]["current"]["min"], found["t"]["current"]["max"]) == (None, None)
    assert found["id"]["current"]["max"] == "1"


def test_the_log_has_no_values(landing: Landing, capsys: pytest.CaptureFixture[str]) -> None:
    landing.stage(landing.land(b"id,t\n1,secretive\n"))
    assert "secretive" not in capsys.readouterr().out


def test_a_file_that_is_not_loaded_leaves_no_statistics(landing: Landing) -> None:
    job = landing.land(b"id,t\n1,a\n2,b\n", chunk_bytes=1)
    landing.stage(job, 0)
    assert landing.chunks(job)[0]["columns"]
    landing.admin.execute("SELECT waybill.fail_job(%s, '{}')", (job,))
    assert [chunk["columns"] for chunk in landing.chunks(job)] == [None] * 2
    assert compared(landing, job)["items"] == []


_VISITS = """
CREATE TABLE visits (
    t text, n numeric(20,4), tz timestamptz, i2 smallint, PRIMARY KEY (t, n, tz)
);
SELECT waybill.register_dataset('visits', natural_key => '{t,n,tz}');
"""
_PERSON = ["x" * 150, "100.50", "2021-05-01T10:00:00+02:00"]
_VISITED = (
    f"t,n,tz,i2\n{','.join(_PERSON)},3\na,7,2020-01-01T00:00:00Z,1\nb,8,2020-01-02T00:00:00Z,2\n"
)


@pytest.fixture
def visits(landing: Landing) -> Landing:
    """With a dataset whose key has values that extremes write in another way."""
    landing.admin.execute("SET ROLE waybill_owner")
    landing.admin.execute(_VISITS)
    landing.admin.execute("RESET ROLE")
    return landing


def _erase(landing: Landing, key: list[str]) -> None:
    landing.admin.execute("SELECT waybill.erase_person('visits', %s)", (Jsonb(key),))


def _highest(landing: Landing, job: UUID) -> dict[str, Any]:
    return {name: one["max"] for name, one in current(landing, job).items()}


def test_the_key_of_a_person_is_erased_however_it_is_written(visits: Landing) -> None:
    job = visits.land(_VISITED.encode(), dataset="visits")
    visits.stage(job)
    merge(visits, job)
    kept = {"t": "x" * 100, "n": "100.50", "tz": "2021-05-01T08:00:00Z", "i2": "3"}
    assert _highest(visits, job) == kept
    _erase(visits, ["a", "99", "2021-05-01T08:00:01Z"])
    assert _highest(visits, job) == kept
    assert current(visits, job)["t"]["min"] is None
    _erase(visits, _PERSON)
    assert _highest(visits, job) == {"t": None, "n": None, "tz": None, "i2": "3"}
    assert current(visits, job)["i2"]["min"] == "1"


def test_a_person_who_is_erased_before_the_merge_is_no_extreme(visits: Landing) -> None:
    job = visits.land(_VISITED.encode(), dataset="visits")
    visits.stage(job)
    _erase(visits, _PERSON)
    merge(visits, job)
    assert _highest(visits, job) == {"t": None, "n": None, "tz": None, "i2": "3"}
    later = visits.land(_VISITED.encode(), dataset="visits")
    visits.stage(later)
    merge(visits, later)
    assert _highest(visits, later)["n"] == "100.50"
