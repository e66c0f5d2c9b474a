"""What runs of sources pull is loaded once, and with their rules and options."""

from tests.mutants.mutant import Mutant

OBJECTS = "tests/integration/sources/test_object_source.py"

MUTANTS = (
    Mutant(
        "order_of_objects_lost",
        "objects that are copied at once land in the order of their keys",
        "functions/pipeline/extract/copy_objects.py",
        "order = key.encode()[:_ORDERED_BYTES].hex()",
        'order = "0"',
        (f"{OBJECTS}::test_of_objects_that_are_copied_at_once_the_one_with_the_highest_key_wins",),
    ),
    Mutant(
        "object_copied_under_an_old_name",
        "an object that is overwritten while it is copied is loaded once",
        "functions/pipeline/extract/copy_objects.py",
        'actual = _target(run.extraction, key, found["ETag"], found["ContentLength"])',
        "actual = target",
        (f"{OBJECTS}::test_an_object_that_is_overwritten_while_it_is_copied_is_loaded_once",),
    ),
    Mutant(
        "copied_objects_asked_for",
        "what was copied is found by lists",
        "functions/pipeline/extract/copy_objects.py",
        "if target not in present:",
        "if True:",
        (
            "tests/integration/sources/test_listed_copies.py"
            "::test_what_was_copied_is_found_by_lists",
        ),
    ),
    Mutant(
        "options_of_a_run_lost",
        "a dry run of an object of another bucket loads nothing",
        "sql/routines/21_register.sql",
        "options = j.options || excluded.options",
        "options = j.options",
        (f"{OBJECTS}::test_a_dry_run_of_one_object_loads_nothing",),
    ),
    Mutant(
        "copied_object_without_rules",
        "copied objects have the rules of their source",
        "sql/routines/17_transformation.sql",
        "AND r.name = split_part(p_job.object_key, '/', 4)",
        "AND false",
        (
            f"{OBJECTS}"
            "::test_copied_objects_have_the_rules_that_their_source_had_when_the_run_began",
        ),
    ),
    Mutant(
        "rules_of_a_run_not_kept",
        "a run has the rules that its source had when it began",
        "sql/routines/74_source_runs.sql",
        "VALUES (p_job, p_source, v_source.cursor, v_source.name, v_source.transformation);",
        "VALUES (p_job, p_source, v_source.cursor, v_source.name, NULL);",
        (
            "tests/integration/sources/test_started_runs.py"
            "::test_a_run_has_the_rules_of_its_source_though_that_is_deleted",
        ),
    ),
    Mutant(
        "begun_run_reset",
        "a run that is requested again reads on, and does not begin anew",
        "layers/core/python/waybill/state/extractions.py",
        '                    IfNoneMatch="*",\n',
        "",
        (
            "tests/integration/sources/test_started_runs.py"
            "::test_a_run_that_is_requested_again_before_its_file_is_registered_is_not_repeated",
        ),
    ),
)
