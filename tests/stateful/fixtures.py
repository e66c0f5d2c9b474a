import itertools
from collections.abc import Iterator

import pytest

from tests.postgres.databases import Database
from tests.stateful.tables import IMPATIENT, UNSEEN

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def dataset_template(template_database: Database) -> Iterator[Database]:
    """A migrated database with datasets that the project does not know."""
    template = template_database.clone(f"histories_{next(_numbers)}")
    with template.connect() as admin:
        admin.execute("SET ROLE waybill_owner")
        admin.execute(UNSEEN.encode())
        admin.execute(IMPATIENT.encode())
    yield template
    template.drop()
