"""Vendors whose address is decided when a destination is deployed: a stand-in takes their place."""

import json

from desk.laptop.deployment import read_deployed
from desk.laptop.stack import LaptopStack

DEPLOY_TIME = "SWITCHBOARD_DEPLOY_TIME"


def redirect(stack: LaptopStack, destination: str, **deploy_time: str) -> None:
    """Change keys of a destination's entry that its function was deployed with.

    The templates cannot name a port that is free on every machine. So the function is given it
    afterwards, as `aws lambda update-function-configuration` does.
    """
    name = f"switchboard-{stack.stage}-to-{destination}"
    pool = stack.pool(name)
    environment = dict(pool.function.environment)
    given = json.loads(environment[DEPLOY_TIME])
    environment[DEPLOY_TIME] = json.dumps({**given, **deploy_time})
    stack.client("lambda").update_function_configuration(
        FunctionName=name, Environment={"Variables": environment}
    )
    deployed = read_deployed(stack.assembly, stack.endpoint_url)
    pool.become(deployed.functions[name])
