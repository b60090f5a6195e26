"""What a stage says of its stream reader: the size of its task, and its way to the internet."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from infra.catalogue import task_spec

MEMORY = {
    256: (512, 1024, 2048),
    512: tuple(range(1024, 4096 + 1, 1024)),
    1024: tuple(range(2048, 8192 + 1, 1024)),
    2048: tuple(range(4096, 16384 + 1, 1024)),
}
"""What Fargate gives a task of so many CPU units, in MiB."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Reader(_Entry):
    """The size of the stream reader. Without it, its spec decides."""

    cpu: Literal[256, 512, 1024, 2048] | None = Field(
        default=None, description="CPU units of Fargate; 1024 are one processor."
    )
    memory: int | None = Field(
        default=None, description="MiB; what Fargate has to go with `cpu`, else it is refused."
    )
    tasks: int = Field(
        default=1,
        ge=1,
        le=100,
        description="Above 1 it scales out. This is of use only to sources whose document asks for"
        " a Failover, Key_Shared or Shared subscription; of all others one task at a time reads.",
    )

    @model_validator(mode="after")
    def _fargate_has_it(self) -> Self:
        choices = MEMORY[self.cpu_units]
        if self.memory_mb not in choices:
            raise ValueError(
                f"memory {self.memory_mb} does not go with cpu {self.cpu_units} on Fargate; choose"
                f" one of {', '.join(str(choice) for choice in choices)}"
            )
        return self

    @property
    def cpu_units(self) -> int:
        """The stage's choice, or the spec's."""
        return self.cpu or task_spec("stream_reader").cpu

    @property
    def memory_mb(self) -> int:
        """The stage's choice, or the spec's, or the least that goes with `cpu`."""
        return self.memory or max(task_spec("stream_reader").memory_mb, MEMORY[self.cpu_units][0])


class PublicNetwork(_Entry):
    """Two public subnets; the task has a public address, which changes with each task."""

    kind: Literal["public"] = "public"


class NatNetwork(_Entry):
    """Two private subnets behind one NAT gateway, whose address stays."""

    kind: Literal["nat"]


SubnetId = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")]


class ExistingNetwork(_Entry):
    """Subnets of a VPC that is there. They must lead to the internet, port 443."""

    kind: Literal["existing"]
    vpc_id: Annotated[str, StringConstraints(pattern=r"^vpc-[0-9a-f]{8,17}$")] = Field(
        description="The VPC, for the task's security group."
    )
    subnet_ids: tuple[
        Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...
    ] = Field(min_length=1, description="Its subnets; two in different zones outlive a zone.")
    public_address: bool = Field(
        default=False,
        description="Give the task a public address: for subnets behind an internet gateway.",
    )


Network = Annotated[
    PublicNetwork | NatNetwork | ExistingNetwork,
    Field(discriminator="kind"),
]
