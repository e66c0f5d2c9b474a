"""The system account of the PostgreSQL server, which refuses to run as root."""

import os
import pwd
from contextlib import suppress
from pathlib import Path

_UNPRIVILEGED = ("postgres", "nobody")


def server_account() -> pwd.struct_passwd | None:
    """The account to run the server as when this process is root, else None.

    Raises:
        RuntimeError: this process is root and no unprivileged account exists.
    """
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError(f"Running as root requires one of the users {', '.join(_UNPRIVILEGED)}.")


def reachable(folder: Path) -> bool:
    """Whether the server's account can traverse to `folder`, which need not exist yet."""
    account = server_account()
    if account is None:
        return True
    return all(
        _may_enter(path.stat(), account) for path in (folder, *folder.parents) if path.is_dir()
    )


def chown_to_server(path: Path) -> None:
    """Change the owner of `path` to the server's account."""
    if account := server_account():
        os.chown(path, account.pw_uid, account.pw_gid)


def _may_enter(status: os.stat_result, account: pwd.struct_passwd) -> bool:
    bit = 0o100 if status.st_uid == account.pw_uid else 0o001
    return bool(status.st_mode & bit)
