"""Whether what starts the functions is enabled: no alarm sees at once that a rule is not."""

from collections.abc import Iterator

import boto3

from infra.doctor.findings import Finding, ok, wrong


def check_triggers(session: boto3.Session, name: str) -> Finding:
    """The event rules and the consumers of queues of `name` (`waybill-prod`) are enabled."""
    rules, mappings = dict(_rules(session, name)), dict(_mappings(session, name))
    if not rules or not mappings:
        found = f"{len(rules)} event rules, {len(mappings)} consumers of queues"
        return wrong("triggers", found, "Deploy the environment.")
    both = rules | mappings
    off = sorted(place for place, is_on in both.items() if not is_on)
    if off:
        advice = (
            "Enable them (`aws events enable-rule`, `aws lambda update-event-source-mapping`);"
            " then `waybill redrive --prefix landing/<dataset>/` for files without a job."
        )
        return wrong("triggers", f"disabled: {', '.join(off)}", advice)
    return ok("triggers", f"{len(rules)} event rules and {len(mappings)} consumers are enabled")


def _rules(session: boto3.Session, name: str) -> Iterator[tuple[str, bool]]:
    pages = session.client("events").get_paginator("list_rules").paginate(NamePrefix=f"{name}-")
    for page in pages:
        for rule in page["Rules"]:
            yield f"rule {rule['Name']}", rule["State"].startswith("ENABLED")


def _mappings(session: boto3.Session, name: str) -> Iterator[tuple[str, bool]]:
    for page in session.client("lambda").get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            queue = mapping["EventSourceArn"].rpartition(":")[2]
            if queue.startswith(f"{name}-"):
                # `Creating`, `Enabling` and `Updating` end by themselves.
                yield f"queue {queue}", not mapping["State"].startswith("Disabl")
