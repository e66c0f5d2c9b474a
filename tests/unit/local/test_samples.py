import csv
from pathlib import Path

from infra.local.samples import SMALL_ROWS, write_samples


def records(file: Path) -> list[list[str]]:
    return list(csv.reader(file.read_text().splitlines()))


def test_the_same_seed_gives_the_same_files(tmp_path: Path) -> None:
    one = write_samples(tmp_path / "one", rows=500, seed=7)
    two = write_samples(tmp_path / "two", rows=500, seed=7)
    other = write_samples(tmp_path / "other", rows=500, seed=8)
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in two]
    assert one[-1].read_bytes() != other[-1].read_bytes()


def test_three_files_and_a_big_one_of_the_requested_size(tmp_path: Path) -> None:
    files = write_samples(tmp_path, rows=300, bad=0.0)
    assert [file.stem for file in files] == [
        "departments",
        "jobs",
        "hired_employees",
        "hired_employees_big",
    ]
    counts = {file.stem: len(file.read_text().splitlines()) for file in files}
    assert counts["hired_employees"] == SMALL_ROWS
    assert counts["hired_employees_big"] == 300


def test_records_are_valid_unless_requested_otherwise(tmp_path: Path) -> None:
    departments, jobs, hires = write_samples(tmp_path, bad=0.0)
    known = {row[0] for row in records(departments)}
    trades = {row[0] for row in records(jobs)}
    rows = records(hires)
    assert all(len(row) == 5 and row[1] and row[2].endswith("Z") for row in rows)
    assert {row[3] for row in rows} <= known | {""}
    assert {row[4] for row in rows} <= trades | {""}
    assert len({row[0] for row in rows}) == len(rows)


def test_the_big_file_has_ids_of_its_own(tmp_path: Path) -> None:
    *_, small, big = write_samples(tmp_path, rows=100, bad=0.0)
    ids = [{line.split(",")[0] for line in file.read_text().splitlines()} for file in (small, big)]
    assert not ids[0] & ids[1]
