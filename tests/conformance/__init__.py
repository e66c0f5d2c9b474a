"""Third-party suites, read from the folder that `WAYBILL_CONFORMANCE` names; none is kept here.

`python -m tests.conformance` prints what became of each suite's files.
"""
