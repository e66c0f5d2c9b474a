"""The dependencies of the function `notify`."""

from typing import NamedTuple, Self

from functions.pipeline.notify.schedules import DeliverySchedules
from functions.pipeline.notify.secrets import ReceiverSecrets
from functions.pipeline.notify.settings import NotifySettings
from waybill.clients import s3_client
from waybill.outbound.address import Guard
from waybill.outbound.http import GuardedHttp, Limits
from waybill.state.bucket import StateBucket

# Receivers have nothing to say; a slow one is tried again.
_LIMITS = Limits(bytes=64 * 1024, seconds=10)


class Deps(NamedTuple):
    """The state bucket, the guarded network, secrets, schedules and the settings."""

    state: StateBucket
    http: GuardedHttp
    secrets: ReceiverSecrets
    schedules: DeliverySchedules
    settings: NotifySettings

    @classmethod
    def of(cls, settings: NotifySettings) -> Self:
        """The dependencies of an invocation."""
        guard = Guard.of(settings.receiver_networks, plain_http=settings.receiver_plain_http)
        return cls(
            StateBucket(s3_client(), settings.state_bucket),
            GuardedHttp(guard, _LIMITS),
            ReceiverSecrets(settings.receiver_secrets),
            DeliverySchedules(
                settings.delivery_group, settings.delivery_target, settings.delivery_role
            ),
            settings,
        )
