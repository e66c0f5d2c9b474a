"""What differs between a file and its table is never guessed, and never dropped in silence."""

from tests.mutants.mutant import Mutant

HEADER = "layers/core/python/waybill/records/header.py"
JSON = "layers/core/python/waybill/columns/json_records.py"
CHUNKS = "sql/routines/31_chunks.sql"
TESTS = "tests/integration/formats/test_drift.py"

MUTANTS = (
    Mutant(
        "added_columns_unreported",
        "columns of a file that the table lacks are in its waybill",
        HEADER,
        "(*drift, *missing_columns(columns, contract))",
        "tuple(missing_columns(columns, contract))",
        (f"{TESTS}::test_csv_with_other_columns",),
    ),
    Mutant(
        "record_without_columns",
        "a record without any column of the table is rejected",
        JSON,
        'self._contract.drift == "refuse" or len(names) == len(members)',
        'self._contract.drift == "refuse"',
        (f"{TESTS}::test_a_record_without_any_column_is_rejected",),
    ),
    Mutant(
        "missing_in_one_chunk",
        "a column is missing if no chunk of the file has it",
        CHUNKS,
        "HAVING d ->> 'change' <> 'missing' OR count(*) = (SELECT count(*) FROM parts)",
        "HAVING true",
        (f"{TESTS}::test_chunks_agree_on_what_differs",),
    ),
)
