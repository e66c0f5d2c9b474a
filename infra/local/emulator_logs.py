"""Filter patterns of CloudWatch Logs, of which the emulator knows single words only.

Loaded as a script by the emulator's process, so it imports nothing of the project.
"""

import json
import re

_FIELD = re.compile(r'\{\s*\$\.(\w+)\s*=\s*"([^"]*)"\s*\}')
_TERM = re.compile(r'(\??)(?:"([^"]*)"|(\S+))')


def matches(pattern: str | None, message: str | None) -> bool:
    """Whether the pattern lets a line pass: a field of a JSON object, or terms.

    Of the terms with a question mark one must be in the line, of the others all.
    """
    text = message or ""
    if field := _FIELD.fullmatch((pattern or "").strip()):
        return _has(text, field[1], field[2])
    terms = [(bool(mark), quoted or bare) for mark, quoted, bare in _TERM.findall(pattern or "")]
    choices = [term in text for is_choice, term in terms if is_choice]
    needed = [term in text for is_choice, term in terms if not is_choice]
    return all(needed) and (any(choices) or not choices)


def _has(text: str, field: str, value: str) -> bool:
    try:
        line = json.loads(text)
    except ValueError:
        return False
    return isinstance(line, dict) and line.get(field) == value
