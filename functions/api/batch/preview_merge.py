"""Shows what the merge would make of previewed records: rules in SQL, look-ups, duplicates."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.api.batch.deps import Deps
from functions.api.batch.preview_models import PreviewedRecord, RecordError
from functions.api.batch.preview_records import Shown
from waybill import telemetry
from waybill.callers import Caller
from waybill.contract.model import Contract
from waybill.database.previews import MergePreview, Previews, StagedFile
from waybill.errors import Forbidden, OutOfResources, Rejected, Retryable, Unavailable
from waybill.http.access import may_read_personal
from waybill.http.personal_reads import View
from waybill.http.principal import Principal

_CONCEALED = "Not shown, since it would tell values that you may not read: "
_CHECKS = (
    "Checks and generated columns of the table are not shown, since they could tell values that"
    " you may not read, or would write."
)
_DUPLICATES = "Duplicates are looked for among the records shown."
_HIDDEN = {
    "references": "Whether parents are missing is not shown of datasets that you may not read.",
    "keys": "Keys and unique values that are in the table already are not shown.",
}
_NO_ROWS = (
    "The records were not compared with the rows of the database: whether parents are missing or"
    " values are there already is seen when the file is loaded."
)


def contract_with(deps: Deps, dataset: str, source: str | None, principal: Principal) -> Contract:
    """The contract that files of the dataset, or of its source, are loaded with.

    Raises:
        Forbidden: a source is for administrators, as everywhere.
        NotFound: `unknown-dataset`, `unknown-source`.
        Unavailable: storage or database cannot be reached.
    """
    if source is None:
        return deps.state.contracts.get(dataset)
    if not principal.has("admin"):
        raise Forbidden("forbidden", "The rules of a source are shown to administrators.")
    return deps.database.run(lambda connection: Previews(connection).contract(dataset, source))


def preview_merge(deps: Deps, shown: Shown, principal: Principal, caller: Caller) -> Shown:
    """The records after the rules of the merge; without them where the database cannot say."""
    contract = shown.contract
    rules = contract.transformation.in_merge
    if not (rules or contract.keeps_raw or contract.references or contract.partitioned_by):
        # The loader has checked them completely.
        return shown
    readable = _readable(contract, principal)
    try:
        for name, masked in readable.items():
            if name in _looked_up(contract):
                deps.personal_reads.record_coalesced(View(caller, masked, True), name, "lookups")
        return _merged(shown, _find(deps, shown, readable), rules)
    except (Retryable, Rejected) as error:
        telemetry.action("preview.without-merge", level="warning", code=error.code)
        return shown._replace(not_shown=rules, warnings=[_reason(rules, error)])


def _find(deps: Deps, shown: Shown, readable: Mapping[str, bool]) -> MergePreview:
    """What the merge would make of the records; without the table's rows if they take too long."""
    layout = shown.layout.model_dump(mode="json", include={"file_format", "columns"})
    file = StagedFile(shown.contract.name, shown.source, layout, shown.staged)

    def find(with_rows: bool) -> MergePreview:
        return deps.database.run(
            lambda connection: Previews(connection).merge(file, readable, with_rows=with_rows)
        )

    try:
        return find(with_rows=True)
    except (Unavailable, OutOfResources):
        raise
    except (Retryable, Rejected) as error:
        telemetry.action("preview.without-rows", level="warning", code=error.code)
        found = find(with_rows=False)
        return found._replace(not_shown=[*found.not_shown, "rows"])


def _looked_up(contract: Contract) -> frozenset[str]:
    lookups = contract.transformation.enrich.values()
    return frozenset(str(each.get("dataset")) for each in lookups) - {contract.name}


def _readable(contract: Contract, principal: Principal) -> dict[str, bool]:
    """The datasets that matter and that the caller sees; whether personal values are masked."""
    parents = {one.dataset for one in contract.references if one.dataset}
    return {
        name: not may_read_personal(principal, name)
        for name in sorted({contract.name, *_looked_up(contract), *parents})
        if principal.sees(name)
    }


def _reason(rules: Sequence[str], error: Retryable | Rejected) -> str:
    cause = (
        "the database refused the records"
        if isinstance(error, Rejected)
        else "the database is not available, or too slow"
    )
    missing = ", ".join((*rules, "checks of the table"))
    return f"Shown without {missing}: {cause}. They are applied when the file is loaded."


def _merged(shown: Shown, found: MergePreview, rules: Sequence[str]) -> Shown:
    by_line: dict[int, list[Mapping[str, Any]]] = {}
    for each in found.records:
        by_line.setdefault(each["line"], []).append(each)
    records = [_apply(record, by_line.get(record.line, ())) for record in shown.records]
    not_shown = [rule for rule in rules if rule in found.not_shown]
    warnings = [f"{_CONCEALED}{', '.join(not_shown)}."] if not_shown else []
    warnings += [_CHECKS] if "checks" in found.not_shown else []
    warnings += [text for name, text in _HIDDEN.items() if name in found.not_shown]
    warnings += [_NO_ROWS] if "rows" in found.not_shown else []
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
        elif each.get("waits"):
            errors = [RecordError.model_validate(error) for error in each["waits"]]
            changes = {"outcome": "pending", "errors": errors}
        else:
            changes = {"after": {**(record.after or {}), **each["added"]}}
        record = record.model_copy(update=changes)
    return record
