"""Contracts for tests, made from a few words per column."""

from typing import Any

from waybill.contract.model import Column, Contract
from waybill.records.layout import Layout

STAGED = {"int2", "int4", "int8", "float4", "float8", "bool", "date", "timestamp", "timestamptz"}


def column(name: str, kind: str, **more: Any) -> Column:
    """A column of this kind; nullable unless said otherwise."""
    nullable = more.pop("nullable", True)
    return Column(
        name=name,
        type=more.pop("type", kind),
        kind=kind,
        stage=kind if kind in STAGED else "text",
        nullable=nullable,
        has_default=more.pop("has_default", False),
        required=more.pop("required", not nullable),
        **more,
    )


def contract(*columns: Column, **more: Any) -> Contract:
    """A contract with these columns."""
    return Contract(
        name="things",
        version=1,
        table_schema="public",
        table="things",
        write_disposition="merge",
        natural_key=(columns[0].name,),
        columns=columns,
        **more,
    )


def layout(contract: Contract, **more: Any) -> Layout:
    """The layout of a headerless file of this contract."""
    names = tuple(column.name for column in contract.columns)
    return Layout(header=False, columns=names, data_offset=0, first_line=1, **more)
