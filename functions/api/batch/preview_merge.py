"""Shows what the merge would make of previewed records: rules in SQL, look-ups, duplicates."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.api.batch.deps import Deps
from functions.api.batch.preview_models import PreviewedRecord, RecordError
from functions.api.batch.preview_records import Shown
from waybill import telemetry
from waybill.callers import Caller
from waybill.contract.model import Contract
from waybill.database.previews import MergePreview, Previews
from waybill.errors import Rejected, Retryable
from waybill.http.access import may_read_personal
from waybill.http.personal_reads import View
from waybill.http.principal import Principal

_CONCEALED = "Not shown, since it would tell values that you may not read: "
_CHECKS = (
    "Checks and generated columns of the table are not shown, since they could tell values that"
    " you may not read, or would write."
)
_DUPLICATES = "Duplicates are looked for among the records shown."


def preview_merge(
    deps: Deps, contract: Contract, shown: Shown, principal: Principal, caller: Caller
) -> Shown:
    """The records after the rules of the merge; without them where the database cannot say."""
    rules = contract.transformation.in_merge
    if not rules:
        return shown
    readable = _readable(contract, principal)
    try:
        for name, masked in readable.items():
            if name != contract.name:
                deps.personal_reads.record_coalesced(View(caller, masked, True), name, "lookups")
        found = deps.database.run(
            lambda connection: Previews(connection).merge(
                contract.name,
                shown.layout.model_dump(mode="json", include={"file_format", "columns"}),
                shown.staged,
                readable,
            )
        )
    except (Retryable, Rejected) as error:
        telemetry.action("preview.without-merge", level="warning", code=error.code)
        return shown._replace(not_shown=rules, warnings=[_reason(rules, error)])
    return _merged(shown, found, rules)


def _readable(contract: Contract, principal: Principal) -> dict[str, bool]:
    """The datasets that matter and that the caller sees; whether personal values are masked."""
    looked_up = (str(each.get("dataset")) for each in contract.transformation.enrich.values())
    return {
        name: not may_read_personal(principal, name)
        for name in (contract.name, *looked_up)
        if principal.sees(name)
    }


def _reason(rules: Sequence[str], error: Retryable | Rejected) -> str:
    cause = (
        "the database refused the records"
        if isinstance(error, Rejected)
        else "the database is not available, or too slow"
    )
    return f"Shown without {', '.join(rules)}: {cause}. They are applied when the file is loaded."


def _merged(shown: Shown, found: MergePreview, rules: Sequence[str]) -> Shown:
    by_line: dict[int, list[Mapping[str, Any]]] = {}
    for each in found.records:
        by_line.setdefault(each["line"], []).append(each)
    records = [_apply(record, by_line.get(record.line, ())) for record in shown.records]
    not_shown = [rule for rule in rules if rule in found.not_shown]
    warnings = [f"{_CONCEALED}{', '.join(not_shown)}."] if not_shown else []
    warnings += [_CHECKS] if "checks" in found.not_shown else []
    warnings += [_DUPLICATES] if "drop_duplicates" in rules else []
    return shown._replace(records=records, not_shown=not_shown, warnings=warnings)


def _apply(record: PreviewedRecord, found: Sequence[Mapping[str, Any]]) -> PreviewedRecord:
    for each in found:
        changes: dict[str, object]
        if each.get("errors"):
            errors = [RecordError.model_validate(error) for error in each["errors"]]
            changes = {"outcome": "rejected", "after": None, "errors": errors}
        elif each.get("rule"):
            changes = {"outcome": "filtered", "after": None, "rule": each["rule"]}
        else:
            changes = {"after": {**(record.after or {}), **each["looked_up"]}}
        record = record.model_copy(update=changes)
    return record
