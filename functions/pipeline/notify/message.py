"""How a digest reads: as text for people, as JSON for machines."""

import json
from collections.abc import Mapping
from typing import Any

Content = Mapping[str, Any]
_WORDS = {
    "failed": "failed",
    "late": "late",
    "reverted": "reverted",
    "rejects": "with rejects",
    "finished": "finished",
}
_MAX_SUBJECT = 100  # of SNS
_MAX_DATASETS = 5


def link_of(event: Mapping[str, Any], console_url: str | None) -> str | None:
    """The page of the event's job, or that of the sources."""
    if console_url is None:
        return None
    page = f"#/jobs/{event['job_id']}" if "job_id" in event else "#/sources"
    return f"{console_url.rstrip('/')}/{page}"


def webhook_body(content: Content, console_url: str | None) -> bytes:
    """The digest as JSON, with a link for each event."""
    events = [
        {**event, **({"link": link} if (link := link_of(event, console_url)) else {})}
        for event in content["events"]
    ]
    message = {
        "type": "digest",
        "timestamp": content["created_at"],
        "data": {**content, "events": events},
    }
    return json.dumps(message, ensure_ascii=False).encode()


def subject(content: Content) -> str:
    """One line: how many of each event, and of which datasets."""
    counts = [f"{content['counts'][name]} {words}" for name, words in _WORDS.items()
              if content["counts"].get(name)]  # fmt: skip
    names = list(content["datasets"])
    more = f" and {len(names) - _MAX_DATASETS} more" if len(names) > _MAX_DATASETS else ""
    line = f"Waybill: {', '.join(counts)} ({', '.join(names[:_MAX_DATASETS])}{more})"
    return line.encode("ascii", "replace").decode()[:_MAX_SUBJECT]


def text(content: Content, console_url: str | None) -> str:
    """The digest for people: the sums, and a line for each listed event."""
    lines = [subject(content)]
    if records := _records(content["records"]):
        lines += ["", f"Records: {records}"]
    lines += ["", *(_line(event, console_url) for event in content["events"])]
    if content["not_listed"]:
        lines.append(f"… and {content['not_listed']} more.")
    return "\n".join(lines)


def slack_text(content: Content, console_url: str | None) -> str:
    """The same, with the characters escaped that Slack gives a meaning."""
    escaped = text(content, console_url)
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        escaped = escaped.replace(character, entity)
    return escaped


def _line(event: Mapping[str, Any], console_url: str | None) -> str:
    words = [f"{event['dataset']}: {_WORDS[event['event']]}"]
    if "source" in event:
        words.append(f"source {event['source']}")
    if problem := event.get("problem"):
        words.append(str(problem["title"]))
    if "lag_seconds" in event:
        words.append(f"data are {event['lag_seconds']} s old")
    if records := _records(event.get("records", {})):
        words.append(records)
    link = link_of(event, console_url)
    return ", ".join(words) + (f"\n  {link}" if link else "")


def _records(records: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in records.items()
                     if count)  # fmt: skip
