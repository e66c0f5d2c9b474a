import re
from pathlib import Path

import pytest

from infra.bootstrap import ROOT
from infra.functions import FUNCTIONS
from infra.local import settings
from infra.local.settings import LocalSettings

_LINE = re.compile(r"^# ([A-Z][A-Z0-9_]+)=(.*)$", re.MULTILINE)
_NOT_IN_A_MODEL = {"WAYBILL_API", "WAYBILL_TOKEN", "WAYBILL_ENV"}


def listed() -> dict[str, str]:
    return dict(_LINE.findall((ROOT / ".env.example").read_text()))


def test_the_example_lists_every_setting_and_no_other() -> None:
    known = {name.upper() for name in LocalSettings.model_fields}
    known |= {name.upper() for step in FUNCTIONS.values() for name in step.settings.model_fields}
    assert listed().keys() == known | _NOT_IN_A_MODEL


def test_the_example_gives_the_defaults() -> None:
    for step in FUNCTIONS.values():
        for name, field in step.settings.model_fields.items():
            default = "" if field.is_required() or field.default is None else str(field.default)
            assert listed()[name.upper()] == default


def test_settings_come_from_dotenv_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("# a comment\nWAYBILL_PORT=1111\nWAYBILL_DATABASE_PORT='2222'\n")
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    monkeypatch.setenv("WAYBILL_PORT", "3333")
    monkeypatch.delenv("WAYBILL_DATABASE_PORT", raising=False)
    found = LocalSettings.load()
    assert (found.waybill_port, found.waybill_database_port) == (3333, 2222)
