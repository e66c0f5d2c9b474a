"""The members of an archive are loaded once, in order, and in sum."""

from tests.mutants.mutant import Mutant

ARCHIVES = "sql/routines/95_archives.sql"
ZIP = "layers/core/python/waybill/archives/zip_archive.py"
TAR = "layers/core/python/waybill/archives/tar_archive.py"
UNIT = "tests/unit/archives/test_archives.py"
PATH = "tests/integration/path/test_archives.py"
KILLS = "tests/integration/path/test_archive_kills.py"

MUTANTS = (
    Mutant(
        "member_registered_again",
        "a member that a repeated attempt stores again has one job",
        ARCHIVES,
        "        RETURN v_job;\n",
        "        RETURN NULL;\n",
        (f"{KILLS}::test_a_killed_unpacking_is_resumed",),
    ),
    Mutant(
        "member_lands_now",
        "members have the place of their archive in the landing order",
        ARCHIVES,
        "        v_archive.landed_at,\n        waybill.landing_order(v_archive.dataset,"
        " v_archive.landed_at, p_key, p_version),",
        "        clock_timestamp(),\n        waybill.landing_order(v_archive.dataset,"
        " clock_timestamp(), p_key, p_version),",
        (f"{PATH}::test_members_have_the_place_of_their_archive_in_the_landing_order",),
    ),
    Mutant(
        "archive_ends_before_members",
        "an archive ends after its members",
        ARCHIVES,
        "IF p_job.state <> 'MERGING' OR v_result.waiting_for <> '{}' THEN",
        "IF p_job.state <> 'MERGING' THEN",
        (f"{PATH}::test_each_member_is_a_job",),
    ),
    Mutant(
        "later_file_passes_archive",
        "files that landed after an archive wait until its members are jobs",
        "sql/routines/511_earlier_jobs.sql",
        "AND (e.archive_format IS NULL OR e.state <> 'MERGING')",
        "AND e.archive_format IS NULL",
        (f"{PATH}::test_a_later_file_waits_until_the_members_are_jobs",),
    ),
    Mutant(
        "lost_entries_unnoticed",
        "a zip archive whose directory lacks entries is refused",
        ZIP,
        "if len(self._zip.infolist()) != _declared_entries(file):",
        "if len(self._zip.infolist()) > _declared_entries(file):",
        (f"{UNIT}::test_an_entry_that_the_directory_hides_is_missed",),
    ),
    Mutant(
        "truncated_tar_loaded",
        "a tar archive that ends too early is refused",
        TAR,
        'raise Rejected("corrupt-file", "The tar archive is truncated: its end is missing.")',
        "return super().frombuf(buf, encoding, errors)",
        (f"{UNIT}::test_a_truncated_tar_is_refused",),
    ),
)
