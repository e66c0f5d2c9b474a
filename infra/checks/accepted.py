"""The findings of cdk-nag and checkov that stay, each with its reason."""

from infra.checks.findings import Accepted

_PREFIXES = (
    "/(landing|tickets|contracts|markers|deadlines|exports|samples(/reserved)?|audit|metrics"
    "|extractions|publications|deliveries|lake)/[*]"
)
_FUNCTION = r"(Service|Console)/[A-Z]\w+/Role/Resource"
_LAMBDA = r"AWS::Lambda::Function\.\w+"
_SERVICE_QUEUE = r"AWS::SQS::Queue\.Service\w+"

ACCEPTED: tuple[Accepted, ...] = (
    Accepted(
        r"AwsSolutions-IAM5\[Resource::\*\]",
        _FUNCTION,
        "Network interfaces of the VPC and X-Ray have no resource-level permissions.",
    ),
    Accepted(
        rf"AwsSolutions-IAM5\[Resource::\{{.*\}}{_PREFIXES}\]",
        _FUNCTION,
        "The objects below one prefix; their keys are not known in advance.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:.*:secret:waybill/\w+/sources/\*\]",
        r"Service/Extract/Role/Resource",
        "The secrets of sources, which are made after the deployment.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:.*:(secret:waybill/\w+/receivers/"
        r"|schedule/waybill-\w+-deliveries/|waybill-\w+-notify-)\*\]",
        r"Service/Notify/Role/Resource",
        "Secrets and topics of receivers, and one schedule for each attempt at a delivery.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::arn:.*:schedule/waybill-\w+-sources/\*\]",
        r"Service/(Sources|Migrate)/Role/Resource",
        "One schedule for each source, in a group of their own.",
    ),
    Accepted(
        r"CKV_AWS_111",
        r"AWS::IAM::Role\.Service\w+",
        "The network interfaces of the VPC have no resource-level permissions.",
    ),
    Accepted(
        r"AwsSolutions-IAM4\[.*(AmazonAPIGatewayPushToCloudWatchLogs|AmazonRDSEnhancedMonitoringRole|AWSCodeDeployRoleForLambdaLimited)\]",
        r"(Service/Api/Rest/CloudWatchRole|Service/Canary/Role|Aurora/Cluster/MonitoringRole)/Resource",
        "Roles of AWS's own services, with the policies that AWS documents for them.",
    ),
    Accepted(
        r"AwsSolutions-IAM4\[.*AWSLambdaBasicExecutionRole\]",
        r"Migration/Provider/framework-\w+/ServiceRole/Resource",
        "The CDK's functions that call `migrate` write their own log, and nothing else.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::<MigrationProviderframework\w+\.Arn>:\*\]",
        r"Migration/Provider/waiter-state-machine/Role/DefaultPolicy/Resource",
        "The versions of the CDK's own functions.",
    ),
    Accepted(
        r"AwsSolutions-SF[12]|CKV_AWS_28[45]",
        r"Migration/Provider/waiter-state-machine/Resource|AWS::StepFunctions::StateMachine\.\w+",
        "It calls `migrate` until it is complete; what happened is in that function's log.",
    ),
    Accepted(
        r"AwsSolutions-IAM4\[.*AWSLambdaBasicExecutionRole\]",
        r"Console/Provider/framework-onEvent/ServiceRole/Resource",
        "The CDK's function that calls the console's writes its own log, and nothing else.",
    ),
    Accepted(
        r"AwsSolutions-IAM5\[Resource::<ConsoleFiles\w+\.Arn>/\*\]",
        r"Console/Console/Role/Resource",
        "The bucket holds the console's files only, which this function writes.",
    ),
    Accepted(
        r"AwsSolutions-S1|CKV_AWS_(18|21)",
        r"Console/Files/Resource|AWS::S3::Bucket\.ConsoleFiles\w+",
        "Public files of the source tree, the same for everybody; each deployment puts them again.",
    ),
    Accepted(
        r"AwsSolutions-CFR4|CKV_AWS_174",
        r"Console/Distribution/Resource|AWS::CloudFront::Distribution\.ConsoleDistribution\w+",
        "CloudFront's own host name has a certificate whose oldest TLS version cannot be chosen.",
    ),
    Accepted(
        r"AwsSolutions-CFR3|CKV_AWS_86",
        r"Console/Distribution/Resource|AWS::CloudFront::Distribution\.ConsoleDistribution\w+",
        "The API behind it logs each request; the console's files are the same for everybody.",
    ),
    Accepted(
        r"AwsSolutions-CFR[12]|CKV_AWS_68",
        r"Console/Distribution/Resource|AWS::CloudFront::Distribution\.ConsoleDistribution\w+",
        "The API has the firewall, which counts for every way to it; people work in any country.",
    ),
    Accepted(
        r"AwsSolutions-L1",
        r"(Service|Console)/\w+/Function/Resource",
        "The layers are built and tested for Python 3.13.",
    ),
    Accepted(
        r"AwsSolutions-COG4",
        r"Service/Api/Rest/Default/.*",
        "Tokens may come from any OIDC issuer, so Cognito's own authorizer does not fit.",
    ),
    Accepted(
        r"AwsSolutions-APIG4",
        r"Service/Api/Rest/Default/(health|docs|openapi\.json)/GET/Resource",
        "For monitors and readers of the manual; they show no data.",
    ),
    Accepted(
        r"CKV_AWS_59",
        r"AWS::ApiGateway::Method\.ServiceApiRest(health|docs|openapijson)GET\w+",
        "For monitors and readers of the manual; they show no data.",
    ),
    Accepted(
        r"CKV_AWS_26",
        r"AWS::SNS::Topic\.Alerts\w+",
        "Alarms hold no data, and cannot notify a topic that is encrypted with AWS's own key.",
        environments="dev",
    ),
    Accepted(
        r"AwsSolutions-COG2",
        r"Users/Pool/Resource",
        "A second factor is optional in dev, which keeps no data.",
        environments="dev",
    ),
    Accepted(
        r"AwsSolutions-COG8",
        r"Users/Pool/Resource",
        "The plus plan costs 0.02 USD a user and month; users are made by an administrator.",
    ),
    Accepted(
        r"AwsSolutions-APIG4",
        r"Service/Api/Rest/Default/.*/(OPTIONS|ANY)/Resource",
        "The gateway answers these itself: CORS preflight, and 405 for other methods.",
    ),
    Accepted(
        r"CKV_AWS_59",
        r"AWS::ApiGateway::Method\.ServiceApiRest\w+(OPTIONS|ANY)\w+",
        "The gateway answers these itself: CORS preflight, and 405 for other methods.",
    ),
    Accepted(
        r"AwsSolutions-APIG2",
        r"Service/Api/Rest/Resource",
        "The functions validate requests against the models that the API description comes from.",
    ),
    Accepted(
        r"CKV_AWS_120",
        r"AWS::ApiGateway::Stage\.\w+",
        "The gateway's cache costs 14 USD a month, and answers would be older than the data.",
    ),
    Accepted(
        r"AwsSolutions-SQS3",
        r"Service/EventRules/Dlq/Queue/Resource",
        "It is the dead-letter queue of the event rules.",
    ),
    Accepted(
        r"CKV_AWS_27",
        _SERVICE_QUEUE,
        "Encrypted with SQS's own key in dev; the rule knows KMS keys only.",
        environments="dev",
    ),
    Accepted(
        r"AwsSolutions-SMG4",
        r"Aurora/Cluster/Secret/Resource",
        "The password is for migrations only; every other role connects with IAM tokens.",
    ),
    Accepted(
        r"CKV_AWS_116",
        _LAMBDA,
        "Queues and event rules have the dead-letter queues; the rest is called synchronously.",
    ),
    Accepted(
        r"CKV_AWS_115",
        _LAMBDA,
        "The queues and the throttling of the API bound how many run.",
    ),
    Accepted(
        r"CKV_AWS_117",
        _LAMBDA,
        "In the VPC only if it connects to the database; the others have no route to it.",
    ),
    Accepted(
        r"CKV_AWS_173",
        _LAMBDA,
        "The environment holds names and URLs, no secrets, and is encrypted by Lambda's key.",
    ),
    Accepted(
        r"CKV_AWS_18",
        r"AWS::S3::Bucket\.BucketsAccessLogs\w+",
        "The bucket of the access logs.",
        environments="staging|prod",
    ),
    Accepted(
        r"AwsSolutions-APIG3",
        r"Service/Api/Rest/DeploymentStage.v1/Resource",
        "A firewall costs more than the rest of an idle dev.",
        environments="dev",
    ),
    Accepted(
        r"AwsSolutions-(RDS10|S1|VPC7)|CKV_AWS_(18|118|149|158)",
        r".*",
        "dev keeps no data: no deletion protection, access and flow logs, or key of its own.",
        environments="dev",
    ),
)
