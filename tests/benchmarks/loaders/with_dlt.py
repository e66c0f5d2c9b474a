"""dlt by way of Arrow and COPY, its fastest: `with_dlt.py FILE URL FOLDER`."""

import os
import sys
from collections.abc import Iterator
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "ERROR"

import dlt
import pyarrow
from pyarrow import csv

NAMES = ["id", "name", "hire_dt", "department_id", "job_id"]


@dlt.resource(name="simple_hires", write_disposition="append")  # type: ignore[untyped-decorator]
def hires() -> Iterator[Any]:
    """The file's batches."""
    for batch in csv.open_csv(sys.argv[1], csv.ReadOptions(column_names=NAMES)):
        yield pyarrow.Table.from_batches([batch])


pipeline = dlt.pipeline(
    "hires",
    destination=dlt.destinations.postgres(sys.argv[2]),
    dataset_name="dlt_hires",
    pipelines_dir=sys.argv[3],
)
pipeline.run(hires(), loader_file_format="csv")
