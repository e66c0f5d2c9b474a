"""The files of a release whose functions shared four roles."""

import shutil
from pathlib import Path

from waybill.database.queries import sql_folder

GRANTS = """
GRANT EXECUTE ON FUNCTION waybill.merge_batch, waybill.get_idempotent_response,
    waybill.put_idempotent_response, waybill.cancel_job TO waybill_api;
GRANT EXECUTE ON FUNCTION waybill.merge_job, waybill.claim_chunk TO waybill_loader;
GRANT SELECT ON mv_hires_q, mv_dept_mean, departments, jobs TO waybill_reader;
"""


def old_release(parent: Path) -> Path:
    """Its migrations, routines, datasets and views; no page of roles."""
    folder = parent / "old"
    if not folder.exists():
        for kind in ("migrations", "routines", "datasets", "views"):
            shutil.copytree(sql_folder() / kind, folder / kind)
        (folder / "routines/02_roles.sql").unlink()
    return folder
