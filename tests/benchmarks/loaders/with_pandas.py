"""pandas: `with_pandas.py FILE URL`."""

import sys

import pandas
import sqlalchemy

engine = sqlalchemy.create_engine(sys.argv[2])
names = ["id", "name", "hire_dt", "department_id", "job_id"]
for frame in pandas.read_csv(sys.argv[1], names=names, chunksize=50_000):
    frame.to_sql(
        "simple_hires", engine, if_exists="append", index=False, method="multi", chunksize=5_000
    )
