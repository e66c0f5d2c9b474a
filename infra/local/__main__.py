"""The `waybill` command of the source tree, run as a script, without installation."""

import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(_ROOT / part) for part in (".", "layers/core/python", "layers/client/python")]

from infra.local.commands import main  # noqa: E402 - importable from here on

if __name__ == "__main__":
    main()
