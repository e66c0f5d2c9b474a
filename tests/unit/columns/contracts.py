"""Contracts for tests, made from a few words per column."""

from waybill.contract.model import Column, Contract
from waybill.records.layout import Layout

STAGED = {"int2", "int4", "int8", "float4", "float8", "bool", "date", "timestamp", "timestamptz"}


def column(name: str, kind: str, **more: object) -> Column:
    """A column of this kind; nullable unless said otherwise."""
    stage = kind if kind in STAGED else "text"
    given = {"type": kind, "nullable": True, "has_default": False, **more}
    given.setdefault("required", not given["nullable"])
    return Column.model_validate({"name": name, "kind": kind, "stage": stage, **given})


def contract(*columns: Column, **more: object) -> Contract:
    """A contract with these columns."""
    given = {
        "name": "things",
        "version": 1,
        "table_schema": "public",
        "table": "things",
        "write_disposition": "merge",
        "natural_key": (columns[0].name,),
        "columns": columns,
    }
    return Contract.model_validate({**given, **more})


def layout(contract: Contract, **more: object) -> Layout:
    """The layout of a headerless file of this contract."""
    names = tuple(column.name for column in contract.columns)
    given = {"header": False, "columns": names, "data_offset": 0, "first_line": 1}
    return Layout.model_validate({**given, **more})
