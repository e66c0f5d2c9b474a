"""Files with the same content, and what came of them."""

from tests.cloud.fixtures import Cloud
from tests.integration.path.steps import land, settle
from tests.postgres.databases import Connection

BODY = b"id,department\n1,Sales\n2,Legal\nx,None\n"
ROWS = [(1, "Sales"), (2, "Legal")]
HIRED = (
    b"id,name,hire_dt,department_id,job_id\n"
    b"1,Ada,2021-01-01T00:00:00Z,,\n2,Bo,2022-01-01T00:00:00Z,,\n"
)


def states(admin: Connection, dataset: str = "departments") -> list[str]:
    """The states of the dataset's files, in the order of landing."""
    found = admin.execute(
        "SELECT state FROM waybill.ingestion_jobs WHERE dataset = %s AND kind <> 'batch'"
        " ORDER BY landing_order",
        (dataset,),
    )
    return [state for (state,) in found]


def load(cloud: Cloud, body: bytes = BODY, *, second: int, dataset: str = "departments") -> None:
    """Land a file at this second, and deliver everything."""
    land(cloud, dataset, f"f{second}.csv", body, second=second)
    settle(cloud)


def departments(admin: Connection) -> list[tuple[object, ...]]:
    """The rows, by key."""
    return admin.execute("SELECT id, department FROM departments ORDER BY id").fetchall()
