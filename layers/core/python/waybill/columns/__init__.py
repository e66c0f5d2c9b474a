"""Columns: fields of valid records, checked against the contract and typed, with Arrow.

A check handles a whole column of a block at a time. It first tries a fast path that succeeds
only if every value is valid, and examines single values only when it fails. Nothing is guessed
or changed silently: PostgreSQL stores what the check accepts as it was written.
"""
