"""Third-party CSV suites in the folder `WAYBILL_CONFORMANCE`; none is part of the project.

`python -m tests.conformance` prints the outcome for each suite.
"""
