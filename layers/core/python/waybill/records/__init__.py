"""Split a stream of bytes into records and find the malformed ones.

Chunking and reading follow the same grammar (`grammar.py`). The work is done on whole blocks
with numpy; Python looks at single records only when they are over-long.
"""
