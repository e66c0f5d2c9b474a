"""The size limit of files, as they are stored: of the installation, and of their dataset."""

from waybill.contract.model import Contract
from waybill.errors import TooLarge
from waybill.settings import SizeSettings


def check_size(settings: SizeSettings, contract: Contract, size_bytes: int) -> None:
    """Refuse a file that is larger than the installation or its dataset allows.

    Raises:
        TooLarge: `file-too-large`.
    """
    limits = (settings.max_upload_bytes, contract.max_upload_bytes)
    limit = min(each for each in limits if each is not None)
    if size_bytes > limit:
        detail = f"A file of {contract.name} has at most {limit} bytes, and this one {size_bytes}."
        raise TooLarge("file-too-large", detail)
