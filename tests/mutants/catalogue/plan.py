"""One plan per object, whose chunks tile it; the object is the requested one."""

from tests.mutants.mutant import Mutant

PLAN = "sql/routines/30_plan.sql"
MERGE = "sql/routines/52_merge_job.sql"
WRITE_CHUNKS = "functions/pipeline/plan/write_chunks.py"
TILED = ("tests/sql/test_write_errors.py::test_chunks_that_do_not_tile_the_object_are_not_merged",)
OVERLAPPING = (
    "tests/integration/plan/test_overlapping_plans.py"
    "::test_a_duplicate_event_while_planning_loses_no_record",
)
VERIFICATION = "tests/integration/plan/test_verification.py"
BAD_FILE = ("tests/integration/plan/test_refused_objects.py::test_a_bad_file_fails_its_job",)

MUTANTS = (
    Mutant(
        "plan_fence_open",
        "a plan that a later attempt has taken over writes nothing",
        PLAN,
        "ELSIF v_job.plan_attempt <> p_attempt THEN",
        "ELSIF false THEN",
        OVERLAPPING,
    ),
    Mutant(
        "plan_not_taken_over",
        "a second attempt at a plan takes over from the first",
        PLAN,
        "SET plan_attempt = j.plan_attempt + 1",
        "SET plan_attempt = j.plan_attempt + 0",
        OVERLAPPING,
    ),
    Mutant(
        "plan_row_unlocked",
        "an attempt that takes over a plan sees what the earlier one was writing",
        PLAN,
        "WHERE job_id = p_job FOR NO KEY UPDATE;",
        "WHERE job_id = p_job;",
        (
            "tests/sql/test_registration_races.py"
            "::test_a_chunk_that_a_plan_is_writing_is_seen_by_the_attempt_that_takes_over",
        ),
    ),
    Mutant(
        "tiling_unchecked",
        "chunks that do not tile the object are not merged",
        MERGE,
        "IF waybill.fail_if_not_tiled(v_job) THEN",
        "IF false THEN",
        TILED,
    ),
    Mutant(
        "overlap_unnoticed",
        "chunks that overlap are not merged",
        MERGE,
        "WHERE x.ends <> x.begins",
        "WHERE x.ends < x.begins",
        TILED,
    ),
    Mutant(
        "begin_unchecked",
        "the first chunk begins at the first byte of the data",
        MERGE,
        "coalesce(max(c.byte_to) OVER before, v_from)",
        "coalesce(max(c.byte_to) OVER before, c.byte_from)",
        TILED,
    ),
    Mutant(
        "end_unchecked",
        "the last chunk ends at the last byte of the object",
        MERGE,
        "greatest(p_job.size_bytes, v_from)",
        "coalesce(max(c.byte_to), v_from)",
        TILED,
    ),
    Mutant(
        "resumed_with_another_chunk_size",
        "a plan that is resumed after a deployment ends its last chunk at the same byte",
        WRITE_CHUNKS,
        "chunk_ranges(blocks, rest, last.byte_to - last.byte_from)",
        "chunk_ranges(blocks, rest, deps.settings.chunk_bytes)",
        ("tests/stateful/test_deployments.py::test_a_plan_continues_with_another_chunk_size",),
    ),
    Mutant(
        "size_unchecked",
        "a file of another size than requested fails",
        "functions/pipeline/plan/verify_object.py",
        "if ticket and size_bytes != ticket.size_bytes:",
        "if False:",
        BAD_FILE,
    ),
    Mutant(
        "hash_of_one_chunk_unchecked",
        "a file of one chunk with another SHA-256 than requested fails",
        WRITE_CHUNKS,
        "check_sha256(digest.hexdigest(), job.ticket)\n        one",
        "one",
        BAD_FILE,
    ),
    Mutant(
        "hash_of_many_chunks_unchecked",
        "nothing of a file of many chunks with another SHA-256 than requested is loaded",
        WRITE_CHUNKS,
        "check_sha256(digest.hexdigest(), job.ticket)\n    return total",
        "pass\n    return total",
        (f"{VERIFICATION}::test_a_file_of_many_chunks_with_another_hash_loads_nothing",),
    ),
    Mutant(
        "hash_unchecked_on_resumption",
        "nothing of such a file is loaded when its plan is resumed",
        WRITE_CHUNKS,
        "check_sha256(digest.hexdigest(), job.ticket)\n    return digest",
        "return digest",
        (f"{VERIFICATION}::test_a_resumed_plan_of_a_file_with_another_hash_loads_nothing",),
    ),
    Mutant(
        "foreign_ticket_taken",
        "an object under a key that names the job of another upload does not take that job",
        "functions/pipeline/plan/register_object.py",
        "if ticket and (ticket.bucket, ticket.key) != (created.bucket, created.key):",
        "if False:",
        (f"{VERIFICATION}::test_an_object_under_the_key_of_another_upload_is_a_job_of_its_own",),
    ),
    Mutant(
        "object_not_pinned_by_etag",
        "an object that is overwritten while it is read is refused",
        "layers/core/python/waybill/landing/objects.py",
        "**version, IfMatch=_quoted(ref.etag), Range=",
        "**version, Range=",
        (
            "tests/unit/landing/test_objects.py"
            "::test_without_versions_an_overwritten_object_is_refused",
        ),
    ),
    Mutant(
        "object_not_pinned_by_version",
        "an object that is overwritten is read as it was",
        "layers/core/python/waybill/landing/objects.py",
        'parameters["VersionId"] = version_id',
        "pass",
        (
            "tests/unit/landing/test_objects.py::test_the_pinned_version_of_an_overwritten_object_is_read",
        ),
    ),
)
