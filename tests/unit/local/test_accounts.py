import os
from pathlib import Path

import pytest

from infra.local.accounts import reachable


@pytest.mark.skipif(os.geteuid() != 0, reason="only root lends PostgreSQL another account")
def test_a_folder_that_root_keeps_closed_is_not_reachable(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert not reachable(closed / "inside")
    assert reachable(Path("/"))
