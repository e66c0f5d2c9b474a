from pathlib import Path

import pytest

from infra.local import synth


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in (
        "functions/pipeline/load/handler.py",
        "infra/app.py",
        "infra/local/x.py",
        "cdk.json",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    for name in ("layers", "sql"):
        (tmp_path / name).mkdir()
    for name in ("pyproject.toml", "infra/local/requirements.txt"):
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(synth, "ROOT", tmp_path)
    monkeypatch.setattr(synth, "_CACHE", tmp_path / ".build")
    monkeypatch.setattr(synth, "_NOT_IN_IT", (tmp_path / "infra" / "local",))
    return tmp_path


def test_the_fingerprint_follows_content_only(tree: Path) -> None:
    before = synth.fingerprint()
    (tree / "infra" / "local" / "x.py").write_text("changed")
    (tree / "functions" / "__pycache__").mkdir()
    (tree / "functions" / "__pycache__" / "y.pyc").write_text("compiled")
    assert synth.fingerprint() == before
    (tree / "functions" / "pipeline" / "load" / "handler.py").write_text("changed")
    assert synth.fingerprint() != before


def test_unchanged_code_is_synthesised_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Path] = []
    monkeypatch.setattr(synth, "_synthesise", made.append)
    first = synth.assembly()
    assert synth.assembly() == first
    assert len(made) == 1
    (tree / "cdk.json").write_text("changed")
    assert synth.assembly() != first
    assert len(made) == 2


def test_a_failed_synthesis_leaves_nothing(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_folder: Path) -> None:
        raise synth.SynthError("no")

    monkeypatch.setattr(synth, "_synthesise", fail)
    with pytest.raises(synth.SynthError):
        synth.assembly()
    assert list((tree / ".build").iterdir()) == []
