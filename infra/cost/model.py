"""The cost of an environment by service."""

from collections.abc import Mapping

from infra.cost import load as per
from infra.cost import prices
from infra.cost.load import HOURS, Load
from infra.environments import Environment
from waybill.metrics.catalogue import METRICS

_MILLION = 1_000_000
_WORKER_GB = 1769 / 1024
_SMALL_GB = 0.5
_API_GB = 1.0
ALARM_METRICS = 38
"""Of all alarms; one with an expression counts once for each metric that it reads."""
DEAD_LETTER_ALARMS = 5
"""Those that an environment without `all_alarms` has."""
_OWN_METRICS = sum(metric.cloudwatch is not None for metric in METRICS) + 1
"""And slow statements, which CloudWatch counts in the log of the database."""
_FIREWALL_RULES = 4
# Tables are empty on the first day only.
_MERGE_SECONDS_PER_GB = per.MERGE_SECONDS_PER_GB * per.MERGE_INTO_ROWS


def monthly_cost(environment: Environment, load: Load) -> Mapping[str, float]:
    """USD per month by service, the highest first; free services are left out."""
    costs = {
        "Aurora compute": _compute(environment, load),
        "Aurora storage and I/O": _storage(environment, load),
        "Lambda": _lambda(environment, load),
        "API Gateway": load.requests_per_month / _MILLION * prices.API_MILLION_REQUESTS,
        "SQS and EventBridge": _messages(environment, load),
        "S3": _objects(environment, load),
        "CloudWatch and X-Ray": _observing(environment, load),
        "ElastiCache": prices.CACHE_MONTH * environment.cache_server,
        "WAF": _firewall(environment, load),
        "Secrets and keys": prices.SECRET_MONTH
        + prices.KEY_MONTH * (environment.own_key + environment.keeps_personal_texts),
    }
    dearest = sorted(costs.items(), key=lambda item: -item[1])
    return {name: usd for name, usd in dearest if usd > 0}


def _compute(environment: Environment, load: Load) -> float:
    """ACU hours of work, or the minimum that runs all the time where that is more.

    A paused cluster runs for at least its 10 minutes after each use; files spread over the day
    keep it awake.
    """
    loading = load.gb_per_month * (per.COPY_SECONDS_PER_GB + _MERGE_SECONDS_PER_GB)
    asking = load.requests_per_month * per.ACU_SECONDS_PER_REQUEST
    work = (loading * per.ACU_PER_CORE + asking) / 3600
    instances = 1 + environment.readers
    least = environment.least_acu * HOURS * instances
    return max(work * instances, least) * prices.ACU_HOUR


def _storage(environment: Environment, load: Load) -> float:
    kept = load.gb_per_day * load.days_kept * per.DATABASE_BYTES_PER_BYTE
    # Backups up to the size of the data are free; a longer retention than a week costs as much.
    backups = kept * (environment.backup_days > 7)
    written = load.gb_per_month * per.WRITES_PER_GB / _MILLION * prices.DATABASE_MILLION_IO
    return (kept + backups) * prices.DATABASE_GB_MONTH + written


def _lambda(environment: Environment, load: Load) -> float:
    worker = load.gb_per_month * (per.PLAN_SECONDS_PER_GB + per.LOAD_SECONDS_PER_GB)
    waiting = load.gb_per_month * _MERGE_SECONDS_PER_GB
    seconds = worker * _WORKER_GB + waiting * _SMALL_GB
    seconds += load.requests_per_month * per.REQUEST_SECONDS * _API_GB
    seconds += _scheduled(environment) * per.REQUEST_SECONDS * _SMALL_GB
    calls = _calls(environment, load)
    return seconds * prices.LAMBDA_GB_SECOND + calls / _MILLION * prices.LAMBDA_MILLION_REQUESTS


def _calls(environment: Environment, load: Load) -> float:
    steps = load.files_per_month * 3 + load.chunks_per_month
    return steps + load.requests_per_month + _scheduled(environment)


def _runs(environment: Environment) -> Mapping[str, float]:
    """Runs by schedule in a month; each ends at once when there is nothing to do."""
    minutes = {
        "refresh": environment.sweep_minutes,
        "reap": environment.sweep_minutes,
        "publish": environment.publish_minutes,
    }
    return {name: HOURS * 60 / every for name, every in minutes.items()}


def _scheduled(environment: Environment) -> float:
    return sum(_runs(environment).values())


def idle_receives(environment: Environment) -> float:
    """Requests per month of the pollers of queues without messages."""
    free = 0 if environment.limits_extracts else 1
    pollers = (per.POLLED_QUEUES - free) * per.LIMITED_POLLERS + free * per.FREE_POLLERS
    return pollers * per.POLLS


def _messages(environment: Environment, load: Load) -> float:
    steps = (load.files_per_month * 2 + load.chunks_per_month) * 3
    messages = steps + idle_receives(environment)
    events = load.files_per_month * 3
    return (
        messages / _MILLION * prices.QUEUE_MILLION_REQUESTS
        + events / _MILLION * prices.BUS_MILLION_EVENTS
    )


def _objects(environment: Environment, load: Load) -> float:
    stored = load.gb_per_day * load.days_kept * prices.S3_GB_MONTH
    writes = load.files_per_month * 5 / 1000 * prices.S3_THOUSAND_WRITES
    reads = load.gb_per_month * 1024 / 8 / 1000
    # What keeps the database asleep is listed in each scheduled call.
    runs = _runs(environment)
    listed = sum(runs[name] * each for name, each in per.LISTINGS.items()) / 1000
    return stored + writes + reads * prices.S3_THOUSAND_READS + listed * prices.S3_THOUSAND_WRITES


def _observing(environment: Environment, load: Load) -> float:
    logged = _calls(environment, load) * per.LOG_KB_PER_CALL / _MILLION
    # Own metrics are written, and paid for, while there is work only.
    metrics = _OWN_METRICS * prices.METRIC_MONTH * (load.gb_per_day > 0)
    page = prices.DASHBOARD_MONTH * environment.dashboard
    watched = ALARM_METRICS if environment.all_alarms else DEAD_LETTER_ALARMS
    fixed = watched * prices.ALARM_MONTH + metrics + page
    traces = _calls(environment, load) * 0.05 / _MILLION * prices.TRACES_MILLION
    detailed = 34.0 if environment.detailed_metrics else 0.0
    return logged * prices.LOGS_GB + fixed + traces + detailed


def _firewall(environment: Environment, load: Load) -> float:
    if not environment.firewall:
        return 0
    fixed = prices.FIREWALL_MONTH + _FIREWALL_RULES * prices.FIREWALL_RULE_MONTH
    return fixed + load.requests_per_month / _MILLION * prices.FIREWALL_MILLION_REQUESTS
