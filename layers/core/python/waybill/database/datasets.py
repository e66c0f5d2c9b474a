"""Datasets and their contracts."""

from waybill.contract.model import Contract
from waybill.database.repository import Repository


class Datasets(Repository):
    """What is registered."""

    def names(self) -> list[str]:
        """The names of all datasets, sorted by code point."""
        return self._values(str, "dataset_names")

    def contract(self, name: str) -> Contract:
        """The contract of the dataset, as the catalog has it now.

        Raises:
            Rejected: `unknown-dataset`.
        """
        return self._value(Contract.model_validate, "contract", p_dataset=name)
