"""Every name of a stage. Stacks are joined by these names alone, never by exports."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one stage's resources; ARNs hold CloudFormation's pseudo parameters."""

    stage: str

    @property
    def prefix(self) -> str:
        """What every name begins with."""
        return f"switchboard-{self.stage}"

    @property
    def core_stack(self) -> str:
        """The stack that all others depend on."""
        return f"{self.prefix}-core"

    def destination_stack(self, name: str) -> str:
        """The stack of one destination."""
        return f"{self.prefix}-destination-{name}"

    @property
    def streams_stack(self) -> str:
        """The stack of the stream reader."""
        return f"{self.prefix}-streams"

    @property
    def cluster(self) -> str:
        """The ECS cluster of the stream reader."""
        return f"{self.prefix}-streams"

    def queue(self, name: str) -> str:
        """A FIFO queue, such as `ingest`, `ingest-dead`, `crm-normal` and `crm-dead`."""
        return f"{self.standard_queue(name)}.fifo"

    def standard_queue(self, name: str) -> str:
        """A standard queue, such as `lake-normal` and `lake-dead` of a batched destination."""
        return f"{self.prefix}-{name}"

    def table(self, name: str) -> str:
        """`events`, `timers`, `ledger`, `state`, `configuration` or `reference`."""
        return f"{self.prefix}-{name}"

    @property
    def archive(self) -> str:
        """The archive bucket; account and region make it unique in the world."""
        return f"{self.prefix}-archive-${{AWS::AccountId}}-${{AWS::Region}}"

    @property
    def database(self) -> str:
        """The Glue database of the archive: SQL takes no hyphens."""
        return self.prefix.replace("-", "_")

    def function(self, name: str) -> str:
        """A function, by its folder (`receive_webhook`) or as `to-{destination}`."""
        return f"{self.prefix}-{name.replace('_', '-')}"

    def role(self, function: str) -> str:
        """The role of a function, by the function's full name."""
        return f"{function}-role"

    def log_group(self, function: str) -> str:
        """Where Lambda writes the logs of a function."""
        return f"/aws/lambda/{function}"

    def task_log_group(self, folder: str) -> str:
        """Where ECS writes the logs of a container."""
        return f"/switchboard/{self.stage}/{folder.replace('_', '-')}"

    @property
    def execution_role(self) -> str:
        """The role by which ECS starts the stream reader."""
        return f"{self.prefix}-reader-execution"

    def parameter(self, name: str) -> str:
        """An SSM parameter, `destinations/crm` or `deployment/core`."""
        return f"/switchboard/{self.stage}/{name}"

    def secret(self, name: str) -> str:
        """A secret, `sources/meetings` or `destinations/crm`."""
        return f"/switchboard/{self.stage}/{name}"
