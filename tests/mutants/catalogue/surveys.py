"""Ranges of a file, surveyed in any order, become chunks that begin and end where records do."""

from tests.mutants.mutant import Mutant

SURVEY = "layers/core/python/waybill/records/survey.py"
SETTLE = "sql/routines/315_surveys.sql"
EXHAUSTIVE = (
    "tests/unit/records/test_survey.py::test_a_file_cut_at_every_byte_has_the_same_records",
)
PLACES = ("tests/unit/records/test_survey.py::test_both_places_are_surveyed_at_once",)
STATEFUL = "tests/stateful/test_surveys.py"
ORDER = (f"{STATEFUL}::test_ranges_of_any_size_in_any_order",)

MUTANTS = (
    Mutant(
        "range_begins_in_line_ending",
        "a range that begins between CR and LF begins with the line after them",
        SURVEY,
        "return None if is_open or not end else end",
        "return None if not end else stop + 1",
        PLACES,
    ),
    Mutant(
        "range_begins_with_rest_of_line",
        "a range begins with a line, and that with the byte after a line ending",
        SURVEY,
        "return self.byte_from - 1 if self.start is None else self.start",
        "return self.byte_from if self.start is None else self.start",
        PLACES,
    ),
    Mutant(
        "quoted_place_not_surveyed",
        "a range is surveyed once, also if it begins within quotes",
        SURVEY,
        'if layout.file_format == "csv" and layout.quote is not None:',
        "if not layout:",
        PLACES,
    ),
    Mutant(
        "joined_behind_target",
        "two readings that meet behind a range may end at different boundaries",
        SURVEY,
        "return bool((shared < self._target).any())",
        "return len(shared) > 0",
        EXHAUSTIVE,
    ),
    Mutant(
        "lines_of_other_place",
        "lines are counted from the place where the chunk begins",
        SURVEY,
        "yield ChunkSurvey(start, end, line - start_line)",
        "yield ChunkSurvey(start, end, line)",
        EXHAUSTIVE,
    ),
    Mutant(
        "lines_not_added",
        "lines of rejects are those of the file",
        SETTLE,
        "SELECT f.ends, v_chunk.start_line + f.lines INTO",
        "SELECT f.ends, v_chunk.start_line INTO",
        ORDER,
    ),
    Mutant(
        "any_survey_taken",
        "a chunk ends where the survey from its first record says",
        SETTLE,
        "WHERE s.start = p_chunk.byte_from;",
        "ORDER BY s.start LIMIT 1;",
        ORDER,
    ),
    Mutant(
        "settled_chunks_not_sent",
        "a survey sends the chunks that waited for it, also after a kill",
        "functions/pipeline/load/stage_chunk.py",
        "_send(deps, chunk, claim.unblocked or ())",
        "_send(deps, chunk, ())",
        (f"{STATEFUL}::test_a_chunk_surveyed_last_sends_those_that_wait_for_it",),
    ),
    Mutant(
        "wrong_survey_not_repeated",
        "a range that was surveyed from other places is surveyed again",
        SETTLE,
        "settled_by = CASE WHEN surveys IS NOT NULL THEN p_chunk END",
        "settled_by = CASE WHEN surveys IS NOT NULL AND v_end IS NOT NULL THEN p_chunk END",
        (f"{STATEFUL}::test_ranges_whose_surveys_were_given_up",),
    ),
    Mutant(
        "last_chunk_not_sent",
        "the last chunk, whose message came before it was settled, is sent again",
        "sql/routines/31_chunks.sql",
        "SET surveys = coalesce(c.surveys, '[]')",
        "SET surveys = c.surveys",
        (f"{STATEFUL}::test_ranges_whose_surveys_were_given_up",),
    ),
    Mutant(
        "settled_while_surveyed",
        "a range that is settled while it is surveyed is staged by who surveyed it",
        SETTLE,
        "CASE WHEN c.first_line IS NULL THEN 'waiting' ELSE 'settled' END",
        "'waiting'",
        (f"{STATEFUL}::test_a_range_settled_while_it_is_surveyed_is_staged",),
    ),
    Mutant(
        "range_for_earlier_release",
        "a loader of an earlier release does not stage a range that ends within a record",
        "sql/routines/31_chunks.sql",
        "NOT p_surveys AND v_chunk.first_line IS NULL",
        "false AND v_chunk.first_line IS NULL",
        (f"{STATEFUL}::test_a_loader_of_an_earlier_release_leaves_a_range_alone",),
    ),
    Mutant(
        "plan_of_earlier_release",
        "a plan of an earlier release does not take over ranges, which it cannot read",
        "sql/routines/30_plan.sql",
        "IF NOT p_surveys AND EXISTS (",
        "IF false AND EXISTS (",
        (f"{STATEFUL}::test_a_plan_of_an_earlier_release_leaves_ranges_alone",),
    ),
    Mutant(
        "ranges_divided_again",
        "a plan of ranges that is resumed has as many chunks as before",
        "functions/pipeline/plan/write_chunks.py",
        "if is_complete or last.first_line is None:",
        "if last.first_line is None:",
        (f"{STATEFUL}::test_a_plan_may_be_resumed_after_its_last_chunk",),
    ),
)
