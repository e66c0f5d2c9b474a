"""Starts the AWS emulator as a separate process."""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import URLError

from infra.environments import DEFAULT_REGION, LOCAL_ACCOUNT
from infra.local.access_key import AccessKey
from infra.local.postgres import HOST
from infra.local.processes import Process, wait_until

PREFERRED_PORT = 4566
LANDING_BUCKET = "waybill-local-landing"
# The only objects that a page may link to.
_DOWNLOADS = "waybill-local-state/exports/"
_SCRIPT = Path(__file__).with_name("emulator_process.py")
_START_SECONDS = 30.0
# The emulator outlives this process. Keeping the handle avoids a ResourceWarning.
_started: list[subprocess.Popen[bytes]] = []


class EmulatorError(Exception):
    """The emulator did not start; the message has the end of its log."""


def endpoint(port: int) -> str:
    """The endpoint URL for AWS clients."""
    return f"http://{HOST}:{port}"


def start(
    folder: Path,
    port: int,
    key: AccessKey,
    console: Path | None = None,
    smtp: str | None = None,
) -> Process:
    """Start the emulator on `port`, with `key` as its administrator's.

    With `console`, the file with its settings, it serves the console too; e-mail goes to `smtp`.
    Its log and its objects are in `folder`, readable by their owner only. Functions get
    credentials of their roles.

    Raises:
        EmulatorError: it was not ready within 30 s.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    log = folder / "emulator.log"
    log.touch(mode=0o600)
    with log.open("ab") as written:
        started = subprocess.Popen(  # noqa: S603 - this interpreter, no shell
            [sys.executable, "-P", str(_SCRIPT), *([str(console)] if console else [])],
            env=_environment(folder, port, key) | ({"SMTP_HOST": smtp} if smtp else {}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _started.append(started)
    process = Process.of(started.pid)
    ended_or_ready = wait_until(
        lambda: started.poll() is not None or is_ready(port), _START_SECONDS
    )
    if ended_or_ready and started.poll() is None:
        return process
    process.stop()
    end = "\n".join(log.read_text(errors="replace").splitlines()[-12:])
    raise EmulatorError(f"The AWS emulator did not start on port {port}:\n{end}")


def is_ready(port: int) -> bool:
    """Whether an emulator on `port` reports that it is ready."""
    try:
        with urllib.request.urlopen(f"{endpoint(port)}/_ministack/ready", timeout=2) as response:  # noqa: S310 # nosec B310 - http to this machine
            return bool(response.status == 200)
    except (URLError, OSError):
        return False


def _environment(folder: Path, port: int, key: AccessKey) -> dict[str, str]:
    """The minimal environment, since the emulated functions inherit it."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return {
        **inherited,
        **key.variables,
        "AWS_DEFAULT_REGION": DEFAULT_REGION,
        "WAYBILL_LANDING_BUCKET": LANDING_BUCKET,
        "WAYBILL_DOWNLOADS": _DOWNLOADS,
        "TMPDIR": str(scratch),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "MINISTACK_ACCOUNT_ID": LOCAL_ACCOUNT,
        "MINISTACK_REGION": DEFAULT_REGION,
        # Verify signatures and enforce IAM policies.
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
