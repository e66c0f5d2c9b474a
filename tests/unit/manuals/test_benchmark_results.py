"""The published results of benchmarks are those of the data beside them."""

import json

from tests.benchmarks.kept import README
from tests.benchmarks.load_report import CHART, DATA, chart, tables


def test_the_tables_and_the_picture_of_loads_are_those_of_the_data() -> None:
    result = json.loads(DATA.read_text())
    assert tables(result) in README.read_text("utf-8")
    assert chart(result) == CHART.read_text()
