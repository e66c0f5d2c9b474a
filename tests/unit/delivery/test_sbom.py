"""The bill of materials lists what is deployed, is valid, and licences are looked at."""

import json
import re
from pathlib import Path

import pytest

from infra.delivery import sbom
from infra.delivery.tools import python_tools, run

_VALIDATE = (
    "import sys; from cyclonedx.schema import SchemaVersion;"
    " from cyclonedx.validation.json import JsonStrictValidator;"
    " print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read()))"
)


def test_the_bill_has_every_package_of_the_layers_and_is_valid(tmp_path: Path) -> None:
    target = sbom.write(tmp_path / "waybill.cdx.json")
    bill = json.loads(target.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    found = {re.sub(r"[-_.]", "-", one["name"].lower()): one for one in bill["components"]}
    assert {"psycopg", "boto3", "pyarrow", "pydantic"} < found.keys()
    assert found.keys() == sbom.packages()
    assert all(one["purl"].endswith(f"@{one['version']}") for one in found.values())
    assert run(str(python_tools() / "python"), "-c", _VALIDATE, str(target)).strip() == "None"


@pytest.mark.parametrize(
    ("licences", "is_refused"),
    [
        ([{"license": {"id": "MIT"}}], False),
        ([{"license": {"id": "LGPL-3.0-only"}}], False),
        ([{"license": {"id": "AGPL-3.0-only"}}], True),
        ([{"license": {"name": "GNU General Public License v3 (GPLv3)"}}], True),
        ([{"license": {"id": "GPL-2.0-only"}}, {"license": {"id": "MIT"}}], False),
        ([{"expression": "Apache-2.0 OR BSD-3-Clause"}], False),
        ([], True),
    ],
)
def test_a_licence_is_known_and_not_one_that_would_extend_to_the_code(
    licences: list[dict[str, object]], *, is_refused: bool
) -> None:
    bill = {"components": [{"name": "example", "licenses": licences}]}
    assert bool(list(sbom.refused(bill))) == is_refused
