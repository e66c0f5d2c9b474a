"""Records: where they begin and end in a stream of bytes, and which of them are malformed.

One grammar decides where a file is cut into chunks and how a chunk splits into records
(`grammar.py`). It works on blocks of bytes with numpy; no record is looked at in Python unless
it is over-long.
"""
