"""A container that runs without end: its cluster, its definition, its roles and its service."""

from collections.abc import Mapping, Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.constructs.network import ReaderNetwork
from infra.findings import acknowledge
from infra.names import Names
from infra.reading import Reader
from infra.statements import Statement, allow, arn, policy, trust, wildcards
from switchboard.deployed import TaskSpec

NAMESPACE = "Switchboard"
ARCHITECTURES = {"arm64": "ARM64", "x86_64": "X86_64"}
VOLUME = "scratch"
NOBODY = "65532:65532"
SCRATCH = "/tmp"  # noqa: S108 - the container's own volume


class Task(Construct):
    """Runs `image` under a role that may do what `statements` say, and no more.

    A deployment starts the new tasks before it ends the old ones (100 to 200 per cent): a source's
    lease lets the two overlap. New tasks that do not get healthy are rolled back.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        names: Names,
        spec: TaskSpec,
        size: Reader,
        cpu: str,
        image: ecr_assets.DockerImageAsset,
        network: ReaderNetwork,
        environment: Mapping[str, str],
        statements: Sequence[Statement],
        log_retention_days: int,
        removal: cdk.RemovalPolicy,
    ) -> None:
        super().__init__(scope, construct_id)
        self._names = names
        self._spec = spec
        self.name = names.function(spec.folder)
        self.log_group = names.task_log_group(spec.folder)
        group = logs.CfnLogGroup(
            self, "Logs", log_group_name=self.log_group, retention_in_days=log_retention_days
        )
        group.apply_removal_policy(removal)
        self._cluster()
        definition = ecs.CfnTaskDefinition(
            self,
            "Definition",
            family=self.name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(size.cpu_units),
            memory=str(size.memory_mb),
            runtime_platform=ecs.CfnTaskDefinition.RuntimePlatformProperty(
                cpu_architecture=ARCHITECTURES[cpu], operating_system_family="LINUX"
            ),
            task_role_arn=self._role(statements).attr_arn,
            execution_role_arn=self._execution_role(image).attr_arn,
            # Fargate has no tmpfs; a volume of the task's own storage is what may be written.
            volumes=[ecs.CfnTaskDefinition.VolumeProperty(name=VOLUME)],
            container_definitions=[self._container(image, environment)],
        )
        acknowledge(
            definition,
            "AwsSolutions-ECS2",
            "The variables are names of queues, tables and sources. Secrets are read by the task"
            " itself, so that a rotated key needs no restart.",
        )
        self._service(definition, network, size.tasks).node.add_dependency(group)

    def _cluster(self) -> None:
        self.cluster = self._names.cluster
        self._cluster_resource = ecs.CfnCluster(
            self,
            "Cluster",
            cluster_name=self.cluster,
            cluster_settings=[
                ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enabled")
            ],
        )

    def _container(
        self, image: ecr_assets.DockerImageAsset, environment: Mapping[str, str]
    ) -> ecs.CfnTaskDefinition.ContainerDefinitionProperty:
        made = ecs.CfnTaskDefinition
        variables = {
            **environment,
            "POWERTOOLS_METRICS_NAMESPACE": NAMESPACE,
            "POWERTOOLS_LOG_LEVEL": "INFO",
            "AWS_REGION": cdk.Aws.REGION,
        }
        return made.ContainerDefinitionProperty(
            name=self.name,
            image=image.image_uri,
            essential=True,
            user=NOBODY,
            readonly_root_filesystem=True,
            mount_points=[
                made.MountPointProperty(
                    source_volume=VOLUME,
                    container_path=SCRATCH,
                    read_only=False,
                )
            ],
            linux_parameters=made.LinuxParametersProperty(
                init_process_enabled=True,
                capabilities=made.KernelCapabilitiesProperty(drop=["ALL"]),
            ),
            stop_timeout=self._spec.stop_seconds,
            health_check=made.HealthCheckProperty(
                command=["CMD", "python", "-m", f"functions.{self._spec.folder}.health"],
                interval=30,
                timeout=10,
                retries=3,
                start_period=60,
            ),
            environment=[
                made.KeyValuePairProperty(name=name, value=value)
                for name, value in sorted(variables.items())
            ],
            log_configuration=made.LogConfigurationProperty(
                log_driver="awslogs",
                options={
                    "awslogs-group": self.log_group,
                    "awslogs-region": cdk.Aws.REGION,
                    "awslogs-stream-prefix": "task",
                    # Logs that cannot be written must not stop the reading of streams.
                    "mode": "non-blocking",
                    "max-buffer-size": "4m",
                },
            ),
        )

    def _role(self, statements: Sequence[Statement]) -> iam.CfnRole:
        role = iam.CfnRole(
            self,
            "Role",
            role_name=self._names.role(self.name),
            assume_role_policy_document=trust("ecs-tasks"),
            policies=[
                iam.CfnRole.PolicyProperty(policy_name="own", policy_document=policy(statements))
            ],
        )
        for resource in wildcards(statements):
            acknowledge(
                role,
                f"AwsSolutions-IAM5[Resource::{resource}]",
                "A wildcard stands only after a fixed prefix: objects under one prefix of one"
                " bucket.",
            )
        return role

    def _execution_role(self, image: ecr_assets.DockerImageAsset) -> iam.CfnRole:
        """What ECS needs to start the task; the task itself never has it."""
        streams = arn("logs", f"log-group:{self.log_group}:log-stream:*")
        statements = [
            allow(
                [
                    "ecr:BatchCheckLayerAvailability",
                    "ecr:BatchGetImage",
                    "ecr:GetDownloadUrlForLayer",
                ],
                image.repository.repository_arn,
            ),
            allow(["ecr:GetAuthorizationToken"], "*"),
            allow(["logs:CreateLogStream", "logs:PutLogEvents"], streams),
        ]
        role = iam.CfnRole(
            self,
            "ExecutionRole",
            role_name=self._names.execution_role,
            assume_role_policy_document=trust("ecs-tasks"),
            policies=[
                iam.CfnRole.PolicyProperty(policy_name="start", policy_document=policy(statements))
            ],
        )
        for resource in wildcards(statements):
            acknowledge(
                role,
                f"AwsSolutions-IAM5[Resource::{resource}]",
                "ecr:GetAuthorizationToken knows no resource; besides it a wildcard stands only for"
                " the log streams of the task's own group.",
            )
        return role

    def _service(
        self, definition: ecs.CfnTaskDefinition, network: ReaderNetwork, tasks: int
    ) -> ecs.CfnService:
        made = ecs.CfnService
        service = made(
            self,
            "Service",
            service_name=self.name,
            cluster=self._cluster_resource.ref,
            task_definition=definition.ref,
            launch_type="FARGATE",
            platform_version="LATEST",
            desired_count=tasks,
            enable_execute_command=False,
            propagate_tags="SERVICE",
            network_configuration=made.NetworkConfigurationProperty(
                awsvpc_configuration=made.AwsVpcConfigurationProperty(
                    subnets=list(network.subnet_ids),
                    security_groups=[network.security_group_id],
                    assign_public_ip="ENABLED" if network.public_address else "DISABLED",
                )
            ),
            deployment_configuration=made.DeploymentConfigurationProperty(
                minimum_healthy_percent=100,
                maximum_percent=200,
                deployment_circuit_breaker=made.DeploymentCircuitBreakerProperty(
                    enable=True, rollback=True
                ),
            ),
        )
        for way in network.ways_out:
            service.node.add_dependency(way)
        return service
