"""Tables that only the tests know, registered as datasets."""

from tests.sql.staging import Ledger

PRICES = """
CREATE TABLE prices (code text PRIMARY KEY, price integer CHECK (price > 0));
SELECT waybill.register_dataset('prices', {options});
"""


def register(ledger: Ledger, table: str, options: str = "") -> None:
    """Create the table `t` and register it; `options` begin with a comma."""
    ledger.admin.execute("SET ROLE waybill_owner")
    ledger.admin.execute(table.encode())
    ledger.admin.execute(f"SELECT waybill.register_dataset('t'{options})".encode())
    ledger.admin.execute("RESET ROLE")


def revalidate(ledger: Ledger, table: str) -> None:
    """Check every foreign key and CHECK of the table on all of its rows."""
    ledger.admin.execute("SET ROLE waybill_owner")
    for name, definition in ledger.rows(
        "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype IN ('f', 'c')",
        table,
    ):
        statement = f'ALTER TABLE {table} DROP CONSTRAINT "{name}", ADD {definition}'
        ledger.admin.execute(statement.encode())
    ledger.admin.execute("RESET ROLE")
