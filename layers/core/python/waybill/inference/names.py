"""Makes identifiers of the names that a file has."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from waybill.records.column_names import normalise

_LONGEST_BYTES = 63
# Columns that every table has, and names that Waybill keeps for itself.
_SYSTEM = frozenset(["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid", "_landed"])
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# PostgreSQL's reserved key words, and those that cannot be a column's or a table's bare name.
_KEY_WORDS = """
all analyse analyze and any array as asc asymmetric authorization between bigint binary bit
boolean both case cast char character check coalesce collate collation column concurrently
constraint create cross current_catalog current_date current_role current_schema current_time
current_timestamp current_user dec decimal default deferrable desc distinct do else end except
exists extract false fetch float for foreign freeze from full grant greatest group grouping
having ilike in initially inner inout int integer intersect interval into is isnull join json
json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
json_serialize json_table json_value lateral leading least left like limit localtime
localtimestamp merge_action national natural nchar none normalize not notnull null nullif
numeric offset on only or order out outer overlaps overlay placing position precision primary
real references returning right row select session_user setof similar smallint some substring
symmetric system_user table tablesample then time timestamp to trailing treat trim true union
unique user using values varchar variadic verbose when where window with xmlattributes
xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize
xmltable
"""
_RESERVED = frozenset(re.findall(r"\w+", _KEY_WORDS))


def identifier(name: str, default: str) -> str:
    """A lower-case name of letters, digits and underscores, of at most 63 bytes."""
    text = unicodedata.normalize("NFKD", normalise(name))
    # Accents go; a script that is not Latin stays.
    text = "".join(char for char in text if not unicodedata.combining(char))
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text))
    joined = "_".join(words) or default
    if joined[0].isdigit():
        joined = f"{default.split('_', maxsplit=1)[0]}_{joined}"
    if joined in _SYSTEM or joined.startswith("waybill_"):
        joined += "_"
    return _shortened(joined)


def _shortened(name: str, suffix: str = "") -> str:
    room = _LONGEST_BYTES - len(suffix.encode())
    return name.encode()[:room].decode(errors="ignore") + suffix


def column_names(found: Sequence[str]) -> list[str]:
    """A different name for each name of a file; names that differ only in case are kept exactly."""
    folded = Counter(map(normalise, found))
    given = frozenset(found)
    names: dict[str, None] = {}
    numbers: Counter[str] = Counter()
    for at, name in enumerate(found, 1):
        is_exact = folded[normalise(name)] > 1 and 0 < len(name.encode()) <= _LONGEST_BYTES
        made = name if is_exact else identifier(name, f"column_{at}")
        base = made
        while made in names or (made != name and made in given):
            # Not from the beginning: a header may have one name a thousand times.
            numbers[base] += 1
            made = _shortened(base, f"_{numbers[base] + 1}")
        names[made] = None
    return list(names)


def quoted(name: str) -> str:
    """The identifier as SQL has it, in quotes where it needs them."""
    if _PLAIN.fullmatch(name) and name not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as a literal of SQL, whatever `standard_conforming_strings` is."""
    doubled = text.replace("'", "''")
    return "E'" + doubled.replace("\\", "\\\\") + "'" if "\\" in text else f"'{doubled}'"
