"""AWS list prices in us-east-1, in USD, without free tiers, taxes and discounts.

Compare them with the price lists of AWS before relying on a sum; prices change.
"""

from datetime import date

AS_OF = date(2025, 11, 1)

ACU_HOUR = 0.12
DATABASE_GB_MONTH = 0.10
DATABASE_MILLION_IO = 0.20
LAMBDA_GB_SECOND = 0.0000166667
LAMBDA_MILLION_REQUESTS = 0.20
SNAPSTART_GB_SECOND = 0.0000015046
"""Of Python, for each published version; not used (see Decisions in infra/README.md)."""
SNAPSTART_RESTORED_GB = 0.0001397998
API_MILLION_REQUESTS = 3.50
QUEUE_MILLION_REQUESTS = 0.40
BUS_MILLION_EVENTS = 1.00
S3_GB_MONTH = 0.023
S3_THOUSAND_WRITES = 0.005
S3_THOUSAND_READS = 0.0004
LOGS_GB = 0.50
ALARM_MONTH = 0.10
METRIC_MONTH = 0.30
DASHBOARD_MONTH = 3.00
SECRET_MONTH = 0.40
KEY_MONTH = 1.00
CACHE_MONTH = 6.05
"""ElastiCache Serverless for Valkey at its smallest size, 100 MB."""
TRACES_MILLION = 5.00
FIREWALL_MONTH = 5.00
FIREWALL_RULE_MONTH = 1.00
FIREWALL_MILLION_REQUESTS = 0.60
