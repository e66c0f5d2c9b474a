"""Checks of numbers and booleans in formats that the contract declares.

Numbers are converted to the default format and then checked like any other.
"""

import re
from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from waybill.columns import codes
from waybill.columns.check_result import (
    Array,
    CheckResult,
    Violation,
    not_matching,
    null_where,
    to_mask,
    violations,
)
from waybill.columns.formats import ColumnFormat
from waybill.contract.model import Column

Check = Callable[[Array, Column], CheckResult]
_TRUE, _FALSE = ("true", "t", "1"), ("false", "f", "0")


def custom_numbers(
    strings: Array, column: Column, column_format: ColumnFormat, check: Check
) -> CheckResult:
    """Numbers with other marks, a currency symbol or another sign; the rest is up to `check`."""
    invalid = not_matching(strings, _number_regex(column_format))
    values, found = check(_plain_numbers(null_where(invalid, strings), column_format), column)
    is_integer = column.stage.startswith("int")
    code = codes.INVALID_INTEGER if is_integer else codes.INVALID_NUMBER
    expected = f"expected a number such as {_example(column_format, is_integer=is_integer)}"
    return CheckResult(values, (*violations(Violation(code, expected, invalid)), *found))


def _number_regex(column_format: ColumnFormat) -> str:
    decimal, mark = (_escape(char) for char in (column_format.decimal, column_format.thousands))
    integer = f"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)" if mark else "[0-9]+"
    number = rf"(?:{integer}(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    currency = re.escape(column_format.currency)
    amount = f"(?:(?:{currency} ?)?{number}|{number} ?{currency})" if currency else number
    forms = [f"-?{amount}"]
    if currency:
        forms.append(f"{currency} ?-{number}")
    if column_format.negative == "trailing":
        forms.append(f"{amount}-")
    elif column_format.negative == "parentheses":
        forms.append(rf"\({amount}\)")
        if currency:
            forms.append(rf"{currency} ?\({number}\)")
    return "|".join(forms)


def _plain_numbers(strings: Array, column_format: ColumnFormat) -> Array:
    for removed in (column_format.currency, column_format.thousands, " "):
        if removed:
            strings = pc.replace_substring(strings, removed, "")
    if column_format.negative == "trailing":
        strings = pc.replace_substring_regex(strings, r"\A(.*)-\z", r"-\1")
    elif column_format.negative == "parentheses":
        strings = pc.replace_substring_regex(strings, r"\A\((.*)\)\z", r"-\1")
    if column_format.decimal != ".":
        strings = pc.replace_substring(strings, column_format.decimal, ".")
    return strings


def _example(column_format: ColumnFormat, *, is_integer: bool) -> str:
    number = f"1{column_format.thousands}234"
    number += "" if is_integer else f"{column_format.decimal}5"
    return f"{column_format.currency}{number}"


def custom_booleans(strings: Array, column_format: ColumnFormat) -> CheckResult:
    """The contract's words in any case, or the default ones where it declares none."""
    true = tuple(word.lower() for word in column_format.true_words) or _TRUE
    false = tuple(word.lower() for word in column_format.false_words) or _FALSE
    index = pc.index_in(pc.utf8_lower(strings), pa.array([*true, *false], pa.string()))
    invalid = to_mask(pc.and_(index.is_null(), strings.is_valid()))
    expected = f"expected {true[0]} or {false[0]}"
    return CheckResult(
        pc.less(index, len(true)),
        violations(Violation(codes.INVALID_BOOLEAN, expected, invalid)),
    )


def _escape(char: str) -> str:
    return f"[{re.escape(char)}]" if char else ""
