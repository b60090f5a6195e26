"""A workspace behind a real socket, and what delivers to it."""

from dataclasses import dataclass, field

from desk.standins.slack import Workspace
from functions.to_slack.request import SlackDestination
from functions.to_slack.settings import SlackDeployTime, SlackDocument
from switchboard.testing.stand_in import Arrived, Reply
from switchboard.testing.stores import Clock

TOKEN = "xoxb-a-token"
HOOK = "/services/T0/B0/secret"
CHANNEL = "C0123456789"
OTHER = "C0999999999"


@dataclass
class Slack:
    """A workspace, its address and its clock. `lose` answers are not given after the commit.

    While it is `away`, it answers 503.
    """

    workspace: Workspace
    clock: Clock = field(default_factory=Clock)
    url: str = ""
    lose: int = 0
    away: bool = False

    def answer(self, arrived: Arrived) -> Reply:
        if self.away:
            return Reply(503)
        taken = self.workspace.take(arrived.path, arrived.headers, arrived.body, self.clock())
        if self.lose and arrived.method == "POST":
            self.lose -= 1
            return Reply(hang_up=True)
        return Reply(taken.status, taken.headers, taken.body)

    def destination(self, token: str = TOKEN, **document: object) -> SlackDestination:
        made = SlackDocument.model_validate({"channel": CHANNEL, **document})
        secret = {"bot_token": token, "webhook_url": self.url + HOOK}
        deploy_time = SlackDeployTime(api_url=f"{self.url}/api", private_hosts=("127.0.0.1",))
        return SlackDestination(made, lambda: (secret,), deploy_time, clock=self.clock)

    def texts(self, channel: str = CHANNEL) -> list[str]:
        return [message["text"] for message in self.workspace.posted(channel)]
