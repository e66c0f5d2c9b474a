"""The loader's memory is bounded for any input, however adversarial."""

import pytest

from tests.torture.adversarial import MAX_PEAK, measure
from tests.unit.load.peak_memory import CORPUS

# Records of only delimiters are blank; files that cannot be read within the limit are refused.
WITHOUT_RECORDS = {
    "two columns too short": "0 read, 0 rejected",
    "only delimiters": "0 read, 0 rejected",
    "deep nesting": "broken-json",
    "bzip2 bomb": "decompression-limit",
    "gzip bomb": "decompression-limit",
    "zstd with a window of 128 MiB": "unsupported-file",
}


@pytest.mark.parametrize("name", CORPUS)
def test_the_peak_is_below_300_mb(name: str) -> None:
    measured = measure(name)
    if name in WITHOUT_RECORDS:
        assert measured.outcome == WITHOUT_RECORDS[name]
    else:
        assert measured.outcome.endswith(" rejected")
        assert not measured.outcome.startswith("0 ")
    assert measured.peak < MAX_PEAK
