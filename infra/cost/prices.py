"""AWS list prices in us-east-1, in USD, without free tiers, taxes and discounts.

A price with a date was seen in a publication of that month, which quotes AWS's list; the others
(`UNCONFIRMED`) are of November 2025. No list of AWS itself could be read for them, so compare
them with the pages of AWS before relying on a sum; prices change.
"""

from datetime import date

AS_OF = date(2026, 11, 29)
"""When they were last compared."""

ACU_HOUR = 0.12  # June 2026
DATABASE_GB_MONTH = 0.10  # May 2026
DATABASE_MILLION_IO = 0.20
LAMBDA_GB_SECOND = 0.0000166667  # December 2025
LAMBDA_MILLION_REQUESTS = 0.20  # September 2026
SNAPSTART_GB_SECOND = 0.0000015046  # May 2026
"""Of Python, for each published version; not used (see Decisions in infra/README.md)."""
SNAPSTART_RESTORED_GB = 0.0001397998  # May 2026
API_MILLION_REQUESTS = 3.50  # December 2025
QUEUE_MILLION_REQUESTS = 0.40
BUS_MILLION_EVENTS = 1.00
S3_GB_MONTH = 0.023
S3_THOUSAND_WRITES = 0.005
S3_THOUSAND_READS = 0.0004
LOGS_GB = 0.50  # June 2026
ALARM_MONTH = 0.10
METRIC_MONTH = 0.30  # February 2026
DASHBOARD_MONTH = 3.00  # June 2026
SECRET_MONTH = 0.40
KEY_MONTH = 1.00
CACHE_MONTH = 6.05  # June 2026: 0.084 for a GB and an hour
"""ElastiCache Serverless for Valkey at its smallest size, 100 MB."""
TRACES_MILLION = 5.00
FIREWALL_MONTH = 5.00  # 2026
FIREWALL_RULE_MONTH = 1.00  # 2026
FIREWALL_MILLION_REQUESTS = 0.60  # 2026

UNCONFIRMED = frozenset(
    {
        "DATABASE_MILLION_IO",
        "QUEUE_MILLION_REQUESTS",
        "BUS_MILLION_EVENTS",
        "S3_GB_MONTH",
        "S3_THOUSAND_WRITES",
        "S3_THOUSAND_READS",
        "ALARM_MONTH",
        "SECRET_MONTH",
        "KEY_MONTH",
        "TRACES_MILLION",
    }
)
"""Prices that nothing was found of since November 2025."""
