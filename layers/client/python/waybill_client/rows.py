"""Rows of a response, for the data frames of whoever uses them.

None of the libraries is a dependency: each is imported when its method is called.
"""

from collections.abc import Mapping
from importlib import import_module  # noqa: TID251 - optional packages, no dependencies
from typing import Any

from waybill_client.errors import ClientError


class Rows(list[Mapping[str, Any]]):
    """A list of rows that can become an Arrow table, or a data frame of pandas or polars.

    It is an Arrow C stream too: `pyarrow.RecordBatchReader.from_stream(rows)`.
    """

    def to_arrow(self) -> Any:  # noqa: ANN401 - of a package that may be absent
        """A `pyarrow.Table`.

        Raises:
            ClientError: pyarrow is not installed.
        """
        return _module("pyarrow").Table.from_pylist([dict(row) for row in self])

    def to_pandas(self) -> Any:  # noqa: ANN401 - of a package that may be absent
        """A `pandas.DataFrame`.

        Raises:
            ClientError: pandas is not installed.
        """
        return _module("pandas").DataFrame([dict(row) for row in self])

    def to_polars(self) -> Any:  # noqa: ANN401 - of a package that may be absent
        """A `polars.DataFrame`.

        Raises:
            ClientError: polars is not installed.
        """
        frame = _module("polars").DataFrame
        return frame([dict(row) for row in self], infer_schema_length=None)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow's C stream of the rows (PyCapsule interface)."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)


def _module(name: str) -> Any:  # noqa: ANN401 - a package that may be absent
    try:
        return import_module(name)
    except ImportError as error:
        raise ClientError(f"Install {name} for this: pip install {name}") from error
