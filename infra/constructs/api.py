"""The REST API: one resource per configured webhook source, and nothing else."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.findings import acknowledge
from infra.stage import SourceEntry, Stage
from infra.statements import arn, policy, trust

LOGGING_POLICY = "iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
SECURITY_POLICY = "SecurityPolicy_TLS13_1_2_2021_06"

PROVEN = (
    "Vendors cannot sign in: each request is authorised by its signature, or by the secret in its"
    " Authorization, which the function verifies in constant time."
)

# Never the query string: some senders put tokens there.
ACCESS_LOG = json.dumps(
    {
        "requestId": "$context.requestId",
        "time": "$context.requestTime",
        "method": "$context.httpMethod",
        "resource": "$context.resourcePath",
        "status": "$context.status",
        "ip": "$context.identity.sourceIp",
        "milliseconds": "$context.responseLatency",
        "bytes": "$context.responseLength",
    },
    separators=(",", ":"),
)


class WebhookApi(Construct):
    """`POST /webhooks/{source}` for each webhook source, to a function that sees all its bytes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        stage: Stage,
        function: lambda_.CfnFunction,
        removal: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._function = function
        self._api = apigateway.CfnRestApi(
            self,
            "Api",
            name=name,
            binary_media_types=["*/*"],
            endpoint_configuration=apigateway.CfnRestApi.EndpointConfigurationProperty(
                types=["REGIONAL"]
            ),
            security_policy=SECURITY_POLICY,
            endpoint_access_mode="BASIC",
            policy=resource_policy(stage.webhooks),
        )
        acknowledge(
            self._api,
            "AwsSolutions-APIG2",
            "The function verifies who sent the exact bytes before it reads them; a validator at"
            " the edge would parse what nobody has vouched for yet.",
        )
        methods = self._routes(stage.webhooks)
        deployment = self._deployment(methods, stage)
        account = self._account_role(stage)
        self._stage = self._deployed_stage(stage, deployment, removal)
        if account is not None:
            self._stage.add_resource_dependency(account)
        self.url = cdk.Fn.sub(
            "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/" + stage.name,
            {"Api": self._api.ref},
        )

    def _routes(self, sources: Mapping[str, SourceEntry]) -> Sequence[apigateway.CfnMethod]:
        root = apigateway.CfnResource(
            self,
            "Webhooks",
            rest_api_id=self._api.ref,
            parent_id=self._api.attr_root_resource_id,
            path_part="webhooks",
        )
        return [self._route(root, source) for source in sources]

    def _route(self, root: apigateway.CfnResource, source: str) -> apigateway.CfnMethod:
        resource = apigateway.CfnResource(
            self,
            f"Resource-{source}",
            rest_api_id=self._api.ref,
            parent_id=root.ref,
            path_part=source,
        )
        method = apigateway.CfnMethod(
            self,
            f"Post-{source}",
            rest_api_id=self._api.ref,
            resource_id=resource.ref,
            http_method="POST",
            authorization_type="NONE",
            integration=apigateway.CfnMethod.IntegrationProperty(
                type="AWS_PROXY",
                integration_http_method="POST",
                uri=cdk.Fn.sub(
                    "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/"
                    "functions/${Function}/invocations",
                    {"Function": self._function.attr_arn},
                ),
            ),
        )
        acknowledge(method, "AwsSolutions-APIG4", PROVEN)
        acknowledge(method, "AwsSolutions-COG4", PROVEN)
        lambda_.CfnPermission(
            self,
            f"Invoke-{source}",
            action="lambda:InvokeFunction",
            function_name=self._function.ref,
            principal="apigateway.amazonaws.com",
            source_arn=cdk.Fn.join(
                "",
                [cdk.Fn.sub(arn("execute-api", "")), self._api.ref, f"/*/POST/webhooks/{source}"],
            ),
        )
        return method

    def _deployment(
        self, methods: Sequence[apigateway.CfnMethod], stage: Stage
    ) -> apigateway.CfnDeployment:
        """A deployment is a snapshot: another set of routes or addresses needs another one."""
        content = {
            "sources": sorted(stage.webhooks),
            "policy": resource_policy(stage.webhooks),
            "binary": "*/*",
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]
        deployment = apigateway.CfnDeployment(
            self, f"Deployment{digest}", rest_api_id=self._api.ref
        )
        for method in methods:
            deployment.add_resource_dependency(method)
        return deployment

    def _account_role(self, stage: Stage) -> apigateway.CfnAccount | None:
        """API Gateway writes logs through one role per account and region."""
        if stage.api_account_role == "exists":
            return None
        role = iam.CfnRole(
            self,
            "AccountRole",
            assume_role_policy_document=trust("apigateway"),
            managed_policy_arns=[cdk.Fn.sub(f"arn:${{AWS::Partition}}:{LOGGING_POLICY}")],
        )
        acknowledge(
            role,
            f"AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:{LOGGING_POLICY}]",
            "API Gateway accepts no narrower policy for the account's logging role than AWS's own.",
        )
        role.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        account = apigateway.CfnAccount(self, "Account", cloud_watch_role_arn=role.attr_arn)
        account.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        return account

    def _deployed_stage(
        self, stage: Stage, deployment: apigateway.CfnDeployment, removal: cdk.RemovalPolicy
    ) -> apigateway.CfnStage:
        access = logs.CfnLogGroup(
            self,
            "AccessLogs",
            log_group_name=f"/switchboard/{stage.name}/api",
            retention_in_days=stage.log_retention_days,
        )
        access.apply_removal_policy(removal)
        deployed = apigateway.CfnStage(
            self,
            "Stage",
            rest_api_id=self._api.ref,
            deployment_id=deployment.ref,
            stage_name=stage.name,
            access_log_setting=apigateway.CfnStage.AccessLogSettingProperty(
                destination_arn=access.attr_arn, format=ACCESS_LOG
            ),
            method_settings=[
                apigateway.CfnStage.MethodSettingProperty(
                    http_method="POST",
                    # CloudFormation wants every slash of the path escaped, after one that is not.
                    resource_path="/" + f"/webhooks/{name}".replace("/", "~1"),
                    throttling_rate_limit=source.requests_per_second,
                    throttling_burst_limit=source.requests_per_second * 2,
                    logging_level="OFF",
                    data_trace_enabled=False,
                )
                for name, source in stage.webhooks.items()
            ],
        )
        acknowledge(
            deployed,
            "AwsSolutions-APIG3",
            "Bodies are bounded, routes throttled and every request's sender verified before it"
            " is read; a web ACL costs more than most stages and may be attached by its owner.",
        )
        acknowledge(
            deployed,
            "AwsSolutions-APIG6",
            "Execution logs would hold payloads; the access log and the function's own log line"
            " say what happened without them.",
        )
        return deployed


def resource_policy(sources: Mapping[str, SourceEntry]) -> Any:
    """None, or a policy in which sources with `edge_allow` take only those addresses.

    As soon as an API has a policy, what it does not allow is refused: every other route is
    allowed by name.
    """
    if not any(entry.edge_allow for entry in sources.values()):
        return None
    return policy(
        [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "execute-api:Invoke",
                "Resource": [f"execute-api:/*/POST/webhooks/{name}"],
                **(
                    {
                        "Condition": {
                            "IpAddress": {"aws:SourceIp": [str(n) for n in entry.edge_allow]}
                        }
                    }
                    if entry.edge_allow
                    else {}
                ),
            }
            for name, entry in sources.items()
        ]
    )


def _only_from(entry: SourceEntry) -> Mapping[str, Any]:
    networks = [str(network) for network in entry.edge_allow]
    return {"Condition": {"IpAddress": {"aws:SourceIp": networks}}} if networks else {}
