"""The AWS emulator: a process of its own, with what it keeps in a folder of ours."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

from infra.environments import DEFAULT_REGION, LOCAL_ACCOUNT
from infra.local.postgres import HOST
from infra.local.processes import Process, wait_until

PREFERRED_PORT = 4566
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": DEFAULT_REGION,
}
"""The emulator's own administrator; the functions get credentials of their roles instead."""
_SCRIPT = Path(__file__).with_name("emulator_process.py")
_START_SECONDS = 30.0
# It outlives this process by intent; kept here, its handle does not complain of that.
_started: list[subprocess.Popen[bytes]] = []


class EmulatorError(Exception):
    """The emulator did not come up; the message has the end of its log."""


def endpoint(port: int) -> str:
    """The address that every AWS client is pointed at."""
    return f"http://{HOST}:{port}"


def start(folder: Path, port: int) -> Process:
    """Start the emulator on `port`; its log and its objects are in `folder`.

    Raises:
        EmulatorError: it did not answer in 30 s.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "emulator.log"
    with log.open("ab") as written:
        started = subprocess.Popen(  # noqa: S603 - our own interpreter and script
            [sys.executable, "-P", str(_SCRIPT)],
            env=_environment(folder, port),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(started)
    process = Process.of(started.pid)
    settled = wait_until(lambda: started.poll() is not None or answers(port), _START_SECONDS)
    if settled and started.poll() is None:
        return process
    process.end()
    end = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
    raise EmulatorError(f"The AWS emulator did not start on port {port}:\n{end}")


def answers(port: int) -> bool:
    """Whether an emulator says on `port` that it is ready."""
    try:
        with urllib.request.urlopen(f"{endpoint(port)}/_ministack/ready", timeout=2) as answer:  # noqa: S310 - http to this machine
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def _environment(folder: Path, port: int) -> dict[str, str]:
    """Nothing of ours but what the emulator needs: its functions inherit it."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return {
        **inherited,
        **CREDENTIALS,
        "TMPDIR": str(scratch),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": LOCAL_ACCOUNT,
        "MINISTACK_REGION": DEFAULT_REGION,
        # Signatures are verified, and roles are held to their policies.
        "AUTH": "true",
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_WARM_TTL_SECONDS": "3600",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///nonexistent",
        "OPENBLAS_NUM_THREADS": "1",
        "LOG_LEVEL": "INFO",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
