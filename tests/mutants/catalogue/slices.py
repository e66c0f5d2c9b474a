"""An object that outlasts one run is staged in slices that are exactly the object."""

from tests.mutants.mutant import Mutant

CHUNKS = "sql/routines/31_chunks.sql"
ENCODE = "functions/pipeline/load/encode_chunk.py"
SLICES = "tests/stateful/test_slices.py"
WHOLE = f"{SLICES}::test_the_result_is_that_of_the_whole_file"
ARRAY = f"{SLICES}::test_an_array_in_utf16_has_every_element_once"

MUTANTS = (
    Mutant(
        "slices_not_counted_by_plan",
        "a plan that finishes late counts the slices that were added meanwhile",
        "sql/routines/30_plan.sql",
        "WHERE c.job_id = p_job HAVING bool_or(c.text_from IS NOT NULL))",
        "WHERE false HAVING false)",
        (f"{SLICES}::test_the_plan_may_finish_after_slices_were_added",),
    ),
    Mutant(
        "slice_not_counted",
        "a job is merged after the last slice that was added",
        CHUNKS,
        "SET chunks_total = chunks_total + 1 WHERE",
        "SET chunks_total = chunks_total WHERE",
        (WHOLE,),
    ),
    Mutant(
        "slice_not_sent",
        "a killed loader's slice is followed by the next one",
        CHUNKS,
        "WHEN c.text_to IS NOT NULL THEN f.text_from = c.text_to",
        "WHEN c.text_to IS NOT NULL THEN false",
        (f"{SLICES}::test_slices_follow_each_other_without_the_reaper",),
    ),
    Mutant(
        "slice_for_earlier_release",
        "a loader of an earlier release does not stage a slice as the whole object",
        CHUNKS,
        "NOT p_reads_slices AND num_nonnulls",
        "false AND num_nonnulls",
        (f"{SLICES}::test_a_loader_of_an_earlier_release_leaves_a_slice_alone",),
    ),
    Mutant(
        "slice_without_end",
        "a slice that is staged again ends where the next one begins",
        CHUNKS,
        "UPDATE waybill.chunks SET byte_to = v_byte, text_to = v_text",
        "UPDATE waybill.chunks SET byte_to = v_byte",
        (f"{SLICES}::test_slices_that_a_crash_emptied_are_staged_again",),
    ),
    Mutant(
        "slice_line_of_its_own",
        "lines of rejects are those of the file",
        CHUNKS,
        "v_byte, c.byte_to, (p_cut ->> 'line')::bigint, v_text, c.text_to",
        "v_byte, c.byte_to, c.first_line, v_text, c.text_to",
        (WHOLE,),
    ),
    Mutant(
        "slice_ends_in_array",
        "no slice begins with the last element of an array once more",
        ENCODE,
        "is_between = not block.record_count or lines[-1] > block.lines[-1]",
        "is_between = True",
        (ARRAY,),
    ),
    Mutant(
        "slow_beginning_retried",
        "a file whose beginning takes a whole run fails",
        "functions/pipeline/load/slice_timer.py",
        "if now() >= self._begin + _SKIP_SHARE * self._seconds:",
        "if now() < 0:",
        (f"{SLICES}::test_a_file_whose_beginning_takes_a_whole_run_fails",),
    ),
)
