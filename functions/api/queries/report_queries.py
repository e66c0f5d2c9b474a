"""Report what queries cost."""

from functions.api.queries.models import IndexUse, QueryCost, QueryReport
from waybill.database.query_costs import QueryCosts
from waybill.database.repository import Connection


def report_queries(connection: Connection, limit: int) -> QueryReport:
    """The `limit` statements that took the most time, and the unused indexes."""
    costs = QueryCosts(connection)
    return QueryReport(
        items=[QueryCost(**query._asdict()) for query in costs.costly(limit)],
        unused_indexes=[
            IndexUse(
                dataset=unused.dataset,
                table=unused.table_name,
                index=unused.index_name,
                size_bytes=unused.size_bytes,
            )
            for unused in costs.unused_indexes()
        ],
    )
