"""A topic for each receiver of e-mail that `sql/receivers/` declares."""

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.bootstrap import ROOT
from infra.constructs.shared_resources import SharedResources
from waybill.notifications.receivers import EmailReceiver, read_receivers


class EmailTopics(Construct):
    """The topics `waybill-<env>-notify-<receiver>`, with the addresses as subscribers."""

    def __init__(self, scope: Construct, shared: SharedResources) -> None:
        """Create the topics."""
        super().__init__(scope, "EmailTopics")
        environment = shared.environment
        name = f"waybill-{environment.name}-notify-"
        self.prefix = Stack.of(self).format_arn(
            service="sns", resource=name, arn_format=ArnFormat.NO_RESOURCE_NAME
        )
        # AWS's own key of SNS, which the account's functions may use; the emulator has none.
        key = None if environment.is_local else "alias/aws/sns"
        for receiver in read_receivers(ROOT / "sql").values():
            if isinstance(receiver, EmailReceiver):
                topic = sns.Topic(
                    self,
                    receiver.name,
                    topic_name=f"{name}{receiver.name}",
                    display_name="Waybill",
                    master_key=kms.Alias.from_alias_name(self, f"{receiver.name}-key", key)
                    if key
                    else None,
                    enforce_ssl=environment.speaks_tls,
                )
                for address in receiver.addresses:
                    topic.add_subscription(subscriptions.EmailSubscription(address))
