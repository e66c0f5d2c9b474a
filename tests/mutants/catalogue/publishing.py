"""Events, wake-up markers and refreshes: nothing that follows a commit is missed."""

from tests.mutants.mutant import Mutant

RELAY = "layers/core/python/waybill/outbox/relay.py"
REFUSED = (
    "tests/integration/publish/test_publish.py::test_refused_events_stay_and_the_others_are_published",
)
REFRESH = "tests/sql/analytics/test_refresh.py"
MARKED = "deps.state.markers.put(job.job_id)"

MUTANTS = (
    Mutant(
        "marked_before_published",
        "an event is marked as published after the bus accepted it",
        RELAY,
        "        accepted = _put(events, bus, rows)\n        outbox.mark_published(accepted)\n",
        "        outbox.mark_published([row.id for row in rows])\n"
        "        accepted = _put(events, bus, rows)\n",
        REFUSED,
    ),
    Mutant(
        "refused_events_marked",
        "an event that the bus refused is published again",
        RELAY,
        'if not result.get("ErrorCode")',
        "",
        REFUSED,
    ),
    Mutant(
        "newest_events_first",
        "events are published in the order of their commits",
        "sql/routines/61_outbox.sql",
        "WHERE o.published_at IS NULL ORDER BY o.id LIMIT",
        "WHERE o.published_at IS NULL ORDER BY o.id DESC LIMIT",
        (
            "tests/integration/publish/test_publish.py::test_unpublished_events_are_published_in_order",
        ),
    ),
    Mutant(
        "marker_not_put_at_registration",
        "the schedules look after a job from its registration on",
        "functions/pipeline/plan/register_object.py",
        MARKED,
        "pass",
        (
            "tests/integration/reap/test_lost_messages.py"
            "::test_a_job_that_was_just_touched_is_left_alone",
        ),
    ),
    Mutant(
        "marker_not_put_again",
        "a marker that went during a long merge is put again",
        "layers/core/python/waybill/outbox/publish_job_finished.py",
        "notifier.state.markers.put(job_id)",
        "pass",
        (
            "tests/integration/merge/test_markers.py"
            "::test_a_marker_that_went_during_a_merge_is_put_again",
        ),
    ),
    Mutant(
        "marker_of_unsettled_job_cleared",
        "a marker stays until its job is settled",
        "functions/pipeline/refresh/clear_markers.py",
        "or jobs[key] in settled",
        "or True",
        ("tests/integration/refresh/test_handler.py::test_the_marker_of_an_unpublished_job_stays",),
    ),
    Mutant(
        "settled_before_published",
        "a job is settled once its events are published",
        "sql/routines/56_refresh.sql",
        "WHERE o.published_at IS NULL\n                AND (o.payload",
        "WHERE false\n                AND (o.payload",
        (f"{REFRESH}::test_jobs_that_have_ended_and_were_published_are_settled",),
    ),
    Mutant(
        "unseen_changes_cleared",
        "a change that commits during a refresh stays stale",
        "sql/routines/56_refresh.sql",
        "WHERE s.change_id = ANY (v_seen);",
        "WHERE s.dataset = p_dataset AND s.part = p_part;",
        (f"{REFRESH}::test_a_change_that_commits_during_the_refresh_stays_stale",),
    ),
    Mutant(
        "two_refreshes_at_once",
        "a second refresh of a dataset is refused at once",
        "sql/routines/55_view_families.sql",
        "RETURN pg_try_advisory_xact_lock(",
        "RETURN pg_try_advisory_xact_lock_shared(",
        (f"{REFRESH}::test_a_second_refresher_is_refused_at_once",),
    ),
    Mutant(
        "end_without_load_not_reported",
        "the end of a job that is not loaded is an event too",
        "sql/routines/22_end_job.sql",
        "PERFORM waybill.emit_job_finished(p_job.job_id, p_job.dataset, p_state);",
        "NULL;",
        ("tests/integration/path/test_path.py::test_the_end_of_every_job_is_published",),
    ),
)
