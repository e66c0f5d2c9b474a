"""Describe a dataset from its published contract."""

from functions.api.datasets.models import Dataset
from waybill.contract.json_schema import row_schema
from waybill.contract.model import Contract


def describe_dataset(contract: Contract) -> Dataset:
    """The dataset as the API returns it."""
    return Dataset(
        name=contract.name,
        table=f"{contract.table_schema}.{contract.table}",
        description=contract.comment,
        write_disposition=contract.write_disposition,
        natural_key=list(contract.natural_key),
        schema=row_schema(contract),
        references=list(contract.references),
        aliases=contract.aliases,
        null_words=list(contract.null_words),
        formats={
            column: written.model_dump(mode="json", exclude_defaults=True)
            for column, written in contract.formats.items()
        },
        header=contract.header,
        delimiter=contract.delimiter,
        quote=contract.quote,
        escape=contract.escape,
        escape_codes=contract.escape_codes,
        encoding=contract.encoding,
        drift=contract.drift,
        searchable=list(contract.searchable),
        lookups={name: list(lookup.columns) for name, lookup in contract.lookups.items()},
        partitioned_by=contract.partitioned_by,
        max_upload_bytes=contract.max_upload_bytes,
        version=contract.version,
    )
