r"""Text from files and responses, made safe for a terminal.

A record may contain escape sequences that move the cursor or rewrite the screen, and
bidirectional marks that reorder what follows. They are shown as escapes: `\x1b`, `\u202e`.
"""

import json
import re
import unicodedata

_UNSAFE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JSON_UNSAFE = re.compile(r"[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def printable(text: str, keep: str = "") -> str:
    """`text` with control and format characters as escapes, except those in `keep`."""
    return "".join(
        _escape(char)
        if unicodedata.category(char) in _UNSAFE_CATEGORIES and char not in keep
        else char
        for char in text
    )


def printable_json(value: object) -> str:
    """`value` as indented JSON; control and format characters are JSON escapes."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return _JSON_UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _escape(char: str) -> str:
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")
