"""SQLAlchemy's Core, in one transaction: `with_sqlalchemy.py FILE URL`."""

import csv
import sys
from itertools import islice
from pathlib import Path

import sqlalchemy

engine = sqlalchemy.create_engine(sys.argv[2])
table = sqlalchemy.Table("simple_hires", sqlalchemy.MetaData(), autoload_with=engine)
names = ["id", "name", "hire_dt", "department_id", "job_id"]
with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file, engine.begin() as connection:
    records = csv.reader(file)
    while batch := list(islice(records, 10_000)):
        rows = [{n: v or None for n, v in zip(names, record, strict=False)} for record in batch]
        connection.execute(table.insert(), rows)
