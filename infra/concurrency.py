"""Reserved concurrency: the maximum number of concurrent invocations of each function.

A flood of requests to one endpoint leaves the other functions, the pipeline, and the connections
of the database alone. The sum for each environment is in `infra/README.md`; an account needs a
quota of 100 more, which Lambda keeps for functions without a reservation.
"""

from collections.abc import Mapping

from infra.environments import Environment


def reserved_concurrency(environment: Environment) -> Mapping[str, int] | None:
    """The reservation of every function; None in the emulator, which has no other functions."""
    if environment.is_local:
        return None
    requests = environment.requests_at_once
    small = max(2, requests // 10)
    return {
        # As many as their queues deliver at once.
        "plan": environment.plans_at_once,
        "load": environment.loads_at_once,
        "merge": environment.merges_at_once,
        # One more, to check connections.
        "extract": environment.extracts_at_once + 1,
        # Called by schedules and events, which are delivered again.
        "publish": 2,
        "notify": 2,
        "refresh": 2,
        "reap": 1,
        "migrate": 1,
        "console": 1,
        "upload": requests,
        "batch": requests,
        # Half as many more: requests that wait for a job stay below `waits_at_once`.
        "jobs": requests * 3 // 2,
        "analytics": requests,
        "lookups": requests,
        "datasets": requests // 2,
        "documents": requests // 2,
        # It answers most requests from its cache of keys, within milliseconds.
        "authorizer": requests,
        "health": small,
        "docs": small,
        "admin": small,
        "queries": small,
        "sources": small,
        "metrics": small,
    }


def waits_at_once(environment: Environment) -> int:
    """Requests for jobs that may wait at a time: half of what is reserved for them."""
    return max(1, environment.requests_at_once * 3 // 4)
