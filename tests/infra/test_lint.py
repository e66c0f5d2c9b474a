import json
import subprocess
import sys
from pathlib import Path

from infra.bootstrap import ROOT
from tests.infra.template import Synthesised

LINTER = Path(sys.executable).with_name("cfn-lint")


def test_cfn_lint_passes(synthesised: Synthesised) -> None:
    templates = [str(path) for path in synthesised.folder.glob("*.template.json")]
    done = subprocess.run(
        [str(LINTER), *templates], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_cdk_reports_no_violations(synthesised: Synthesised) -> None:
    reports = json.loads((synthesised.folder / "validation-report.json").read_text())
    # What cdk-nag finds is held against `infra/checks/accepted.py`.
    assert reports["pluginReports"], "the CDK validated nothing"
    own = [one for one in reports["pluginReports"] if one["pluginName"] != "AwsSolutions"]
    assert [violation for report in own for violation in report["violations"]] == []
