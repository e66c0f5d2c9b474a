"""The interactive documentation as one page that loads nothing from other hosts."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import NamedTuple

OPENAPI = Path(__file__).parent / "openapi.json"
_PAGE = Path(__file__).parent / "docs.html"
_ASSETS = "aws_lambda_powertools.event_handler.openapi.swagger_ui"


class Page(NamedTuple):
    """The page, and the Content-Security-Policy that allows only its own scripts."""

    html: str
    policy: str


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def show_docs() -> Page:
    """Swagger UI (part of Powertools), which loads `openapi.json` from the same folder."""
    viewer = files(_ASSETS).joinpath("swagger-ui-bundle.min.js").read_text("utf-8")
    style = files(_ASSETS).joinpath("swagger-ui.min.css").read_text("utf-8")
    start = (Path(__file__).parent / "docs.js").read_text("utf-8")
    # A closing tag inside a script would end it.
    scripts = [text.replace("</script", "<\\/script") for text in (viewer, start)]
    html = Template(_PAGE.read_text("utf-8")).substitute(
        style=style, viewer=scripts[0], start=scripts[1]
    )
    allowed = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    policy = (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return Page(html, policy)
