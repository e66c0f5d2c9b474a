"""The work for an adversarial input grows with its size, not with its square."""

import gc
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from waybill.exact_json import JsonError, check_numbers, parse_json

GROWTH = 8**1.3
"""Bound of the work when the input doubles three times."""
INPUTS: dict[str, Callable[[int], str]] = {
    "one name many times": lambda n: "{" + ",".join(['"a":1'] * n) + "}",
    "many names, the last twice": lambda n: (
        "{" + ",".join(f'"a{index}":1' for index in range(n)) + ',"a0":1}'
    ),
    "unterminated text of quotes and brackets": lambda n: '"' + '\\"[' * n,
    "deep nesting": lambda n: "[" * n,
    "brackets in texts": lambda n: "[" + ",".join(['"[["'] * n) + "]",
    "long number": lambda n: "1" * n,
    "long exponents": lambda n: "[" + ",".join(["1e99999"] * n) + "]",
    "many commas in a text": lambda n: '"' + "," * 20 * n + '"',
}


def cpu_seconds(text: str) -> float:
    best = float("inf")
    # The collector's passes over all live objects are not the parser's work.
    gc.disable()
    for _ in range(3):
        began = time.process_time()
        with suppress(JsonError):
            check_numbers(text, parse_json(text))
        best = min(best, time.process_time() - began)
    gc.enable()
    return best


@pytest.mark.parametrize("name", INPUTS)
def test_the_work_grows_with_the_size(name: str) -> None:
    make = INPUTS[name]
    small, large = cpu_seconds(make(20_000)), cpu_seconds(make(160_000))
    # A tenth of a second for caches that the larger input does not fit into.
    assert large < GROWTH * small + 0.1
