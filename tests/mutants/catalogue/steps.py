"""Retries, attempts, batches and limits: failures end, and nothing takes effect twice."""

from tests.mutants.mutant import Mutant

CONSUMER = "layers/core/python/waybill/consumer.py"
CONSUMED = "tests/unit/queues/test_consumer.py"
BATCH = "tests/sql/test_batch.py"
IDEMPOTENCY = "sql/routines/63_idempotency.sql"
KEY = (f"{BATCH}::test_a_key_returns_the_stored_response_and_is_not_reused",)

MUTANTS = (
    Mutant(
        "retried_forever",
        "what keeps failing fails its job after a bound",
        CONSUMER,
        "if limit is None or failures < limit:",
        "if limit is None or limit > 0:",
        (f"{CONSUMED}::test_a_message_that_keeps_failing_fails_its_job",),
    ),
    Mutant(
        "waiting_counted_as_failure",
        "waiting is no failure and never ends a job",
        CONSUMER,
        "failures = _attribute(record, _FAILURES) + (limit is not None)",
        "limit, failures = limit or 10, _attribute(record, _FAILURES) + 1",
        (f"{CONSUMED}::test_waiting_is_not_a_failure_and_never_ends_a_job",),
    ),
    Mutant(
        "killed_forever",
        "a job whose loader is always killed fails",
        "layers/core/python/waybill/runs.py",
        "if killed >= _MAX_KILLED:",
        "if False:",
        (
            "tests/integration/path/test_permanent_faults.py"
            "::test_a_job_whose_loader_is_always_killed_fails_at_the_fifth_attempt",
        ),
    ),
    Mutant(
        "chunk_without_transaction",
        "rows of a chunk and its mark are committed together, under its lock",
        "functions/pipeline/load/stage_chunk.py",
        "with transaction(deps.connection):",
        "if transaction:",
        (
            "tests/integration/load/test_two_loaders.py"
            "::test_a_chunk_is_staged_by_one_of_two_live_loaders",
        ),
    ),
    Mutant(
        "following_chunks_not_sent",
        "a chunk that is done sends the next one",
        "functions/pipeline/load/stage_chunk.py",
        "        _send_next_chunk(deps, chunk)\n",
        "        pass\n",
        ("tests/integration/path/test_path.py::test_a_file_of_many_chunks_is_one_job",),
    ),
    Mutant(
        "merge_without_time_limit",
        "a merge beyond its time limit is cancelled",
        "sql/queries/merge.sql",
        "'statement_timeout'",
        "'waybill.timeout'",
        ("tests/sql/test_time_limits.py::test_a_merge_beyond_its_time_limit_is_cancelled",),
    ),
    Mutant(
        "temporary_objects_found_first",
        "objects that a session made itself are not taken for the product's",
        "sql/routines/30_plan.sql",
        "SET search_path = pg_catalog, waybill, pg_temp\nAS $$\nDECLARE\n    v_table CONSTANT text",
        "SET search_path = pg_temp, pg_catalog, waybill\nAS $$\nDECLARE\n    v_table CONSTANT text",
        ("tests/sql/test_shadowing.py::test_files_and_batches_are_loaded_past_shadowing_names",),
    ),
    Mutant(
        "idempotency_key_unlocked",
        "the same batch sent twice at once is written once",
        IDEMPOTENCY,
        "IF NOT pg_try_advisory_xact_lock(",
        "IF NOT pg_try_advisory_xact_lock_shared(",
        KEY,
    ),
    Mutant(
        "idempotency_key_reused",
        "an idempotency key stands for one body",
        IDEMPOTENCY,
        "IF v_kept.sha256 <> p_sha256 THEN",
        "IF false THEN",
        KEY,
    ),
    Mutant(
        "atomic_batch_written_in_part",
        "an atomic batch is written whole or not at all",
        "sql/routines/621_merge_batch.sql",
        "IF p_mode = 'atomic' AND errors <> '[]' THEN",
        "IF false THEN",
        (f"{BATCH}::test_an_atomic_batch_is_refused_whole",),
    ),
    Mutant(
        "kept_statement_trusted_by_name",
        "a statement that somebody else has prepared is never run with the owner's rights",
        "sql/routines/791_kept_statements.sql",
        "SELECT p.statement = v_prepare AND p.from_sql INTO v_is_kept",
        "SELECT true INTO v_is_kept",
        ("tests/sql/test_kept_statements.py::test_another_statement_under_its_name_is_never_run",),
    ),
    Mutant(
        "rejects_of_loader_not_counted",
        "rejects of the loader and of the merge are counted",
        "sql/routines/50_finish_merge.sql",
        "v_rejected := v_rejected + v_counts.rejected;",
        "v_rejected := v_counts.rejected;",
        ("tests/integration/path/test_path.py::test_three_files_at_once_children_first",),
    ),
    Mutant(
        "absent_field_nulled",
        "a field that a row of a batch does not have keeps its value, whatever others have",
        "sql/routines/62_batch_rows.sql",
        "ARRAY(SELECT k FROM jsonb_object_keys(r -> 1) AS k ORDER BY k) AS fields",
        "ARRAY(SELECT DISTINCT k FROM jsonb_array_elements(p_rows) AS o,"
        " jsonb_object_keys(o -> 1) AS k ORDER BY k) AS fields",
        ("tests/sql/test_batch.py::test_absent_field_keeps_its_value_whatever_other_rows_have",),
    ),
    Mutant(
        "keys_compared_as_spelt",
        "rows of one key in two spellings are applied in order",
        "sql/routines/62_batch_rows.sql",
        "THEN lower(v.value)",
        "THEN v.value",
        ("tests/sql/test_batch.py::test_rows_of_one_key_in_two_spellings_are_applied_in_order",),
    ),
)
