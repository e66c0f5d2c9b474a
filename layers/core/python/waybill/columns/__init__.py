"""Columns: the fields of sound records, checked against the contract and typed, with Arrow.

A check works on a whole column of a block at a time. It tries the cheap way first, which holds
when every value is good, and looks closer only when one is not. Nothing is guessed and nothing
is changed silently: what a check lets through, PostgreSQL stores as it was written.
"""
