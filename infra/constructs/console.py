"""The console on AWS: a private bucket for its files, and CloudFront in front of it and the API.

`/` is the console and `/api/v1` the API, as on the local stack: one origin, so the API needs no
CORS. CloudFront costs nothing while nobody uses it.
"""

from collections.abc import Mapping
from typing import NamedTuple

from aws_cdk import CfnOutput, CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import custom_resources as custom
from constructs import Construct

from infra.concurrency import reserved_concurrency
from infra.console_headers import content_security_policy, security_headers
from infra.constructs.function import LambdaFunction
from infra.constructs.shared_resources import SharedResources
from infra.functions import CONSOLE

# The REST API has no resource `/api`, and its stage is the first part of the path.
_WITHOUT_PREFIX = """
function handler(event) {
  var request = event.request;
  request.uri = request.uri.replace(/^\\/api(?=\\/)/, "");
  return request;
}
"""
_HSTS = Duration.days(365)
# A request may wait 25 s for a job.
_API_TIMEOUT = Duration.seconds(30)


class ConsoleHosts(NamedTuple):
    """What the console is in front of: the REST API, and the origins that its page connects to."""

    api_host: str
    connect: tuple[str, ...]


class Console(Construct):
    """The distribution; `publish` puts the page's files behind it."""

    def __init__(self, scope: Construct, shared: SharedResources, hosts: ConsoleHosts) -> None:
        """Create the bucket and the distribution; the output is added to the stack."""
        super().__init__(scope, "Console")
        self._shared = shared
        # Not versioned and never kept: each deployment brings its own files.
        self._bucket = s3.Bucket(
            self,
            "Files",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.DESTROY,
        )
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Waybill {shared.environment.name}: console and API",
            default_root_object="index.html",
            default_behavior=self._page(hosts.connect),
            additional_behaviors={"/api/*": self._api(hosts.api_host)},
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            price_class=cloudfront.PriceClass.PRICE_CLASS_100,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
        )
        self.url = f"https://{distribution.distribution_domain_name}/"
        CfnOutput(Stack.of(self), "ConsoleUrl", value=self.url)

    def publish(self, config: Mapping[str, str]) -> LambdaFunction:
        """Put the files and a `config.json` with these values into the bucket when they change."""
        values = {"console_bucket": self._bucket.bucket_name}
        reserved = reserved_concurrency(self._shared.environment)
        function = LambdaFunction(
            self,
            CONSOLE,
            self._shared,
            values,
            reserved_concurrency=reserved["console"] if reserved else None,
        )
        function.allow(
            iam.PolicyStatement(
                actions=["s3:DeleteObject", "s3:PutObject"],
                resources=[self._bucket.arn_for_objects("*")],
            ),
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self._bucket.bucket_arn]),
        )
        version = function.function.current_version
        log = logs.LogGroup(
            self,
            "Log",
            encryption_key=self._shared.key,
            retention=logs.RetentionDays.ONE_MONTH,
            removal_policy=RemovalPolicy.DESTROY,
        )
        provider = custom.Provider(self, "Provider", on_event_handler=version, log_group=log)
        CustomResource(
            self,
            "Published",
            resource_type="Custom::Console",
            service_token=provider.service_token,
            properties={"Version": version.function_arn, "Config": dict(config)},
        )
        return function

    def _page(self, connect: tuple[str, ...]) -> cloudfront.BehaviorOptions:
        return cloudfront.BehaviorOptions(
            origin=origins.S3BucketOrigin.with_origin_access_control(self._bucket),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
            # Files say themselves that they are to be asked for each time.
            cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
            response_headers_policy=self._headers(connect),
            compress=True,
        )

    def _headers(self, connect: tuple[str, ...]) -> cloudfront.ResponseHeadersPolicy:
        others = security_headers(connect)
        behaviors = cloudfront.ResponseSecurityHeadersBehavior(
            content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                content_security_policy=content_security_policy(connect), override=True
            ),
            content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
            frame_options=cloudfront.ResponseHeadersFrameOptions(
                frame_option=cloudfront.HeadersFrameOption.DENY, override=True
            ),
            referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
            ),
            strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                access_control_max_age=_HSTS, include_subdomains=True, override=True
            ),
        )
        custom_headers = [
            cloudfront.ResponseCustomHeader(header=name, value=others[name], override=True)
            for name in ("Cross-Origin-Opener-Policy", "Permissions-Policy")
        ]
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            security_headers_behavior=behaviors,
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=custom_headers
            ),
        )

    def _api(self, host: str) -> cloudfront.BehaviorOptions:
        rewrite = cloudfront.Function(
            self,
            "WithoutPrefix",
            code=cloudfront.FunctionCode.from_inline(_WITHOUT_PREFIX),
            runtime=cloudfront.FunctionRuntime.JS_2_0,
        )
        return cloudfront.BehaviorOptions(
            origin=origins.HttpOrigin(
                host,
                protocol_policy=cloudfront.OriginProtocolPolicy.HTTPS_ONLY,
                origin_ssl_protocols=[cloudfront.OriginSslPolicy.TLS_V1_2],
                read_timeout=_API_TIMEOUT,
            ),
            viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
            allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
            cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
            # The gateway knows its own host only; everything else reaches it, also the token.
            origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
            function_associations=[
                cloudfront.FunctionAssociation(
                    function=rewrite, event_type=cloudfront.FunctionEventType.VIEWER_REQUEST
                )
            ],
        )
