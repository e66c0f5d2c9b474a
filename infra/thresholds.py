"""The values at which the alarms on the functions' own metrics fire, and `waybill doctor` warns."""

from collections.abc import Mapping
from types import MappingProxyType

from waybill.metrics import catalogue

THRESHOLDS: Mapping[catalogue.Metric, float] = MappingProxyType(
    {
        catalogue.JOBS_STUCK: 1,
        catalogue.JOBS_GIVEN_UP: 1,
        catalogue.MESSAGES_UNREACHED: 3,
        catalogue.REJECT_SHARE: 50,
        catalogue.MIGRATIONS_FAILED: 1,
        catalogue.REFRESH_LAG: 900,
        catalogue.BLOAT: 40,
        catalogue.CONNECTION_USE: 80,
        catalogue.SOURCES_LATE: 1,
        catalogue.LAKE_FAILURES: 1,
        catalogue.LAKE_STUCK: 1,
    }
)
"""In the units of CloudWatch: shares are percentages."""
