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
    """Copy all rows, as texts, into a new table with every constraint of this one."""
    ledger.admin.execute("SET ROLE waybill_owner")
    columns = ledger.rows(
        "SELECT quote_ident(attname), format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND attgenerated = '' AND NOT attisdropped",
        table,
    )
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(f"{name}::text::{kind}" for name, kind in columns)
    references = ledger.rows(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND contype = 'f'",
        table,
    )
    statements = [
        f"CREATE TABLE again (LIKE {table} INCLUDING ALL)",
        f"INSERT INTO again ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM {table}",
        *(f"ALTER TABLE again ADD {definition}" for (definition,) in references),
    ]
    for statement in statements:
        ledger.admin.execute(statement.encode())
    assert ledger.rows(f"SELECT * FROM {table} EXCEPT SELECT * FROM again") == []
    ledger.admin.execute("DROP TABLE again")
    ledger.admin.execute("RESET ROLE")
