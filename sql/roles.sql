-- What each function may do in the database: a call for each role, and nothing else is granted to
-- one. Applied by every deployment, after everything else.
--
-- A new function: add a call with its folder's name. A test compares the page with the calls in
-- the function's code, in both directions, and prints what differs.

-- The pipeline.
SELECT waybill.define_role('plan', connections => 24, statement => '60s', routines => '{
    register_ticket, register_object, contract_of_job, claim_plan, start_loading, add_chunks,
    finish_plan, record_extraction, end_is_published, duplicate_hash, end_duplicate, chunk_state, chunks_left, fail_job, start_run,
    count_failed_runs, count_killed_runs, end_run, members_to_unpack, register_members, fail_member, finish_unpacking}');
-- `chunk_state` is for loaders of the release before: until they are replaced, and after a roll-back.
SELECT waybill.define_role('load', connections => 64, statement => '5min', routines => '{
    open_export, begin_export, export_lines, record_export_file, fail_export,
    lake_work, note_lake_message, open_archived, archived_lines, create_lake_check, record_archived_file, archived_files_of,
    detach_archived, begin_publishing, record_lake_file, drop_archived, stop_archiving, stop_lake_work,
    create_restored, store_restored_file, index_restored, finish_restore, forget_lake_files,
    claim_chunk, record_survey, finish_chunk, add_data_key, chunks_left, following_chunk, chunk_state, fail_job, start_run,
    count_failed_runs, count_killed_runs, end_run}', tables => '{"waybill.validation_errors":
        "INSERT (reject_id, job_id, chunk, line, raw, \"values\", errors, data_key)"}',
    stages => true, ended_by_owner => true);
SELECT waybill.define_role('merge', connections => 24, statement => '60s', routines => '{
    merge_job, unblocked_since, merge_time_limit, revert_step, refuse_revert, unstaged_chunks, resolve_pending, reject_pending, fail_job, unpublished,
    mark_published, start_run, count_failed_runs, count_killed_runs, end_run}', ended_by_owner => true);
SELECT waybill.define_role('publish', connections => 4, statement => '60s', routines => '{
    unpublished, mark_published, report_late_sources, make_digests, next_publication,
    database_figures}');
SELECT waybill.define_role('refresh', connections => 4, statement => '5min', routines => '{
    stale_views, wait_for_postponed, refresh_part, settled_jobs, premake_partitions,
    tables_to_analyse, analyse_table,
    fold_step, give_up_fold, lake_work, has_lake_work,
    database_figures}');
SELECT waybill.define_role('reap', connections => 4, statement => '60s', routines => '{
    overdue_uploads, expire_uploads, end_stalled_copies, abandon_runs, drop_orphan_stages,
    purge_expired, stalled_jobs, record_redrives, give_up, import_audit, keep_audit_logs,
    database_figures, objects_to_expire, objects_left_to_expire, record_expiring,
    newest_erasure, erased_copies}');

-- The API. API Gateway gives up after 29 s; a statement that takes longer would only burden the
-- server.
-- `merge_batch` and `get_idempotent_response` are for the release before.
SELECT waybill.define_role('batch', connections => 40, statement => '25s', routines => '{
    write_batch, merge_batch, preview_merge, preview_contract, audit_personal_read, add_data_key, get_idempotent_response, put_idempotent_response, unpublished, mark_published}');
-- `revert_job` is for the release before: reverts are done by `merge`.
SELECT waybill.define_role('jobs', connections => 60, statement => '25s', routines => '{
    cancel_job, revert_job, request_revert, revert_document, revert_refusal, is_loaded, register_replay, register_archive_replay, list_pending, list_rejects, list_member_rejects, data_keys_of, rejects_of, rejects_of_members, audit_personal_read, is_dry, rfc3339, waybill_document, archive_totals, archive_document, members_document, is_final,
    progress_document, compare_columns, rejects_remaining, begin_wait, end_wait, audit_read}',
    tables => '{"waybill.job_documents": "SELECT", "waybill.run_documents": "SELECT"}');
SELECT waybill.define_role('analytics', connections => 40, statement => '25s', routines => '{
    as_of, job_visibility, figures_version, begin_wait, end_wait}',
    tables => '{"mv_hires_q": "SELECT", "mv_dept_mean": "SELECT", "departments": "SELECT", "jobs": "SELECT"}');
SELECT waybill.define_role('documents', connections => 20, statement => '25s', routines => '{
    list_documents, delete_document, erase_person, find_person,
    list_unreadable, erase_encrypted, newest_erasure, erased_copies, audit_personal_read}');
SELECT waybill.define_role('lookups', connections => 40, statement => '25s', routines => '{
    look_up, find_rows, find_row_lines, row_columns, lease_generation, audit_personal_read, create_export, export_document,
    restore_partition, archived_documents, athena_table}');
SELECT waybill.define_role('queries', connections => 8, statement => '25s', routines => '{
    costly_queries, unused_indexes}', tables => '{"waybill.audit_logs": "SELECT"}');
SELECT waybill.define_role('sources', connections => 6, statement => '25s', routines => '{
    save_source, delete_source, start_source_run, start_object_run, rfc3339}', tables => '{"waybill.source_documents": "SELECT"}');
-- It reads nothing: it connects, and asks for one number.
SELECT waybill.define_role('health', connections => 8, statement => '5s', routines => '{
    count_stuck_jobs}');

-- Roles that several functions shared, in releases before this page.
SELECT waybill.retire_role('waybill_loader', '{plan, load, merge, publish, reap}');
SELECT waybill.retire_role('waybill_api', '{batch, jobs}');
SELECT waybill.retire_role('waybill_reader', '{analytics, documents, lookups, health}');
SELECT waybill.retire_role('waybill_refresher', '{refresh}');

-- The administrator, who applies this page, logs in with a token from the second deployment on.
SELECT waybill.permit_iam_login(current_user);
SELECT waybill.permit_skipping_triggers();
