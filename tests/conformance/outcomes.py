"""The outcome of a case: the expected table, or a refusal with reasons."""

from typing import NamedTuple

from tests.conformance.suites import Case
from tests.unit.columns.contracts import column, contract
from tests.unit.columns.files import File, read_file
from waybill.errors import Rejected

SAME, REFUSED, DIFFERS = "same table", "refused with reason", "differs"


class Outcome(NamedTuple):
    """`SAME`, `REFUSED` or `DIFFERS`, and the reject codes."""

    kind: str
    codes: tuple[str, ...] = ()


def outcome_of(case: Case) -> Outcome:
    """Read the case into a table of text columns, without trimming."""
    names = [f"c{place}" for place, _ in enumerate(case.names)] or ["c0"]
    things = contract(
        *(column(name, "text") for name in names),
        aliases={name.strip().lower(): key for name, key in zip(case.names, names, strict=False)},
        header="present" if case.header else "absent",
        file_format="csv",
        trim=False,
        skip_blank_records=False,
    )
    try:
        file = read_file(things, case.data, delimiter=case.delimiter)
    except Rejected as refused:
        empty = refused.code == "empty-file" and not case.table
        return Outcome(SAME if empty else REFUSED, () if empty else (refused.code,))
    table = [[value or "" for value in row] for row in file.values]
    if table == case.table and not file.rejects:
        return Outcome(SAME)
    codes = tuple(sorted({error for line in file.rejects for _, error in file.codes(line)}))
    return Outcome(REFUSED if _nothing_else(file, table, case) else DIFFERS, codes)


def _nothing_else(file: File, table: list[list[str]], case: Case) -> bool:
    """Whether the loaded rows are a subsequence of the expected table and the rest was rejected."""
    expected = iter(case.table)
    return bool(file.rejects) and all(row in expected for row in table)
