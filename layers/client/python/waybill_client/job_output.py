"""What is said about a job beside its counts."""

from waybill_client.models import Drift, Job
from waybill_client.output import print_message


def nothing_loaded(job: Job) -> bool:
    """Whether the job failed, or rejected every record that it read."""
    counts = job.get("waybill")
    return job["state"] == "FAILED" or bool(counts and counts["read"] == counts["rejected"] > 0)


def print_messages(job: Job) -> None:
    """Print every warning of a job, which job loaded its content, and its error."""
    label = f"{job['dataset']} {job['job_id']}"
    for warning in job.get("warnings", []):
        print_message(f"{label}: warning: {warning}", "yellow")
    for drift in job.get("drift", []):
        print_message(f"{label}: {drift_sentence(drift)}", "yellow")
    if first := job.get("duplicate_of"):
        print_message(f"{label}: loaded already, with its rejects, by {first}", "yellow")
    if error := job.get("error"):
        print_message(f"{label}: {error.get('detail')}", "red")


def drift_sentence(drift: Drift) -> str:
    """A difference between the file and its table as a sentence."""
    if drift["change"] == "missing":
        return f"the file has no column {drift['column']}"
    if drift["change"] == "retyped":
        return f"column {drift['column']} has values of another type: {drift.get('code')}"
    near = f" (nearest: {drift['nearest']})" if drift.get("nearest") else ""
    records = f" in {drift['records']} records" if drift.get("records") else ""
    return f"no column {drift['column']!r}{near}: {drift.get('action')}{records}"
