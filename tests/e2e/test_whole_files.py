"""Whole files: headers, empty files and line endings."""

from pathlib import Path

import pytest

from tests.e2e.client_calls import counted, load, problem
from waybill_client import ProblemError, Waybill

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize(
    "content",
    [
        b"9301,One\n9302,Two\n",
        b"9301,One\r\n9302,Two\r\n",
        b"9301,One\r9302,Two",
        b"\xef\xbb\xbf9301,One\n\n9302,Two\n",
        b'"9301","One"\n"9302","Two"\n',
        b"id,department\n9301,One\n9302,Two\n",
        b" ID_Department , NAME\n9301,One\n9302,Two\n",
        b"department,id\nOne,9301\nTwo,9302\n",
    ],
    ids=["lf", "crlf", "cr", "bom", "quoted", "header", "aliases", "other-order"],
)
def test_the_same_content_in_many_formats_is_loaded(
    waybill: Waybill, tmp_path: Path, content: bytes
) -> None:
    seen = counted(load(waybill, tmp_path, "departments", content))
    assert seen["read"] == 2
    assert seen.get("inserted", 0) + seen.get("unchanged", 0) == 2


def test_a_job_shows_the_warnings_of_its_file(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", b"sep=;\nid;department\n9301;One\n")
    assert counted(job)["read"] == 1
    assert any("sep=" in warning for warning in job["warnings"])
    assert (
        waybill.job(load(waybill, tmp_path, "departments", b"9301,One\n")["job_id"]).get(
            "warnings", []
        )
        == []
    )


def test_an_empty_file_fails(waybill: Waybill, tmp_path: Path) -> None:
    assert problem(load(waybill, tmp_path, "departments", b"")) == "empty-file"


def test_blank_lines_are_no_records(waybill: Waybill, tmp_path: Path) -> None:
    assert problem(load(waybill, tmp_path, "departments", b"\n\r\n\n")) == "empty-file"


def test_a_header_alone_loads_nothing(waybill: Waybill, tmp_path: Path) -> None:
    job = load(waybill, tmp_path, "departments", "id,department\n")
    assert job["state"] == "COMPLETED"
    assert counted(job) == {}


@pytest.mark.parametrize(
    ("header", "code", "names"),
    [
        ("id,colour", "unknown-columns", ["colour"]),
        ("no,colour", "unknown-columns", ["no", "colour"]),
        ("id,id_department,department", "duplicate-columns", ["id"]),
        ("department", "missing-columns", ["id"]),
    ],
)
def test_a_header_that_does_not_fit_is_refused_by_name(
    waybill: Waybill, tmp_path: Path, header: str, code: str, names: list[str]
) -> None:
    job = load(waybill, tmp_path, "departments", f"{header}\n9311,x\n")
    assert problem(job) == code
    for name in names:
        assert name in job["error"]["detail"]


def test_an_unknown_dataset_is_refused_at_the_api(waybill: Waybill, tmp_path: Path) -> None:
    with pytest.raises(ProblemError) as refused:
        load(waybill, tmp_path, "unknown", "1\n")
    assert (refused.value.status, refused.value.code) == (404, "unknown-dataset")
