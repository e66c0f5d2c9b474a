"""Update Aurora's root certificates: `python -m infra.layers.certificates`.

They are kept in the tree, so that a build needs no network and a change of them is a change
that can be read. Run this when AWS announces new ones, or for a region that is not in it.
"""

import ssl
import urllib.request

from infra.bootstrap import ROOT

_ADDRESS = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
BUNDLE = ROOT / "layers" / "core" / "rds-global-bundle.pem"
_LEAST = 20


def published_bundle() -> str:
    """The bundle that AWS publishes.

    Raises:
        urllib.error.URLError: AWS cannot be reached.
        ValueError: the response is not a bundle of certificates.
    """
    with urllib.request.urlopen(_ADDRESS, timeout=30) as response:  # nosec B310 - a constant https URL
        text = str(response.read().decode("ascii"))
    context = ssl.create_default_context(cadata=text)
    if len(context.get_ca_certs()) < _LEAST:
        raise ValueError(f"{_ADDRESS} answered with fewer than {_LEAST} certificates.")
    return text


def main() -> None:
    """Replace the bundle by AWS's."""
    BUNDLE.write_text(published_bundle())


if __name__ == "__main__":
    main()
