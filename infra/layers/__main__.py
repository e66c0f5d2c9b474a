"""Build the layers for Lambda and print their sizes: `python -m infra.layers`."""

import sys

from infra.layers.packages import LayerError, core_layer, packages
from infra.layers.size import LIMIT_BYTES, heaviest_function, size_of
from infra.layers.sources import BUILD


def main() -> None:
    """Build; end with an error if packages are unavailable or functions would be too large."""
    try:
        folders = {
            "core": core_layer(BUILD),
            "arrow": packages("arrow"),
            "auth": packages("auth"),
            "cache": packages("cache"),
        }
    except LayerError as error:
        sys.exit(str(error))
    sizes = {name: size_of(folder) for name, folder in folders.items()}
    sizes["largest function"] = heaviest_function()
    total = sum(sizes.values())
    for name, size in {**sizes, "together": total, "limit": LIMIT_BYTES}.items():
        sys.stdout.write(f"{name:<18}{size / 1024**2:6.1f} MB\n")
    if total >= LIMIT_BYTES:
        sys.exit("A function with all layers is larger than Lambda allows.")


if __name__ == "__main__":
    main()
