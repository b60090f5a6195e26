"""The cells: every kind in every mode, and every way in which a repeat may be treated."""

from functools import partial

from desk.standins.slack import Workspace
from functions.to_s3.request import S3Destination
from functions.to_s3.settings import S3DeployTime, S3Document
from functions.to_s3.spec import SPEC as S3
from functions.to_slack.request import SlackDestination
from functions.to_slack.settings import SlackDeployTime, SlackDocument
from functions.to_slack.spec import SPEC as SLACK
from functions.to_webhook.request import WebhookDestination
from functions.to_webhook.settings import WebhookDeployTime, WebhookDocument
from functions.to_webhook.spec import SPEC as WEBHOOK
from switchboard.aws.objects import S3Objects
from switchboard.destination import Destination, Mode, Repeat
from switchboard.http import HttpClient
from switchboard.testing.stores import Clock
from tests.faults.deliveries.cell import Cell, s3_client
from tests.faults.deliveries.shops import Bucket, Channels, Endpoint
from tests.faults.deliveries.vendor import Shop

SECONDS = 2.5
"""After which a vendor is given up here; ten are too long to wait for so often."""

PRIVATE = ("127.0.0.1",)
SECRET = {"signing_secret": "whsec_c2VjcmV0LW9mLXRoZS1tYXRyaXg="}
TOKEN, HOOK, CHANNEL = "xoxb-a-token", "/services/T0/B0/secret", "C0123456789"


def _impatient(client: HttpClient) -> None:
    client._timeout = SECONDS


def webhook(url: str, clock: Clock) -> Destination:
    made = WebhookDestination(
        WebhookDocument(url=url),
        lambda: (SECRET,),
        WebhookDeployTime(private_hosts=PRIVATE),
        clock=clock,
    )
    _impatient(made._http)
    return made


def s3(url: str, _: Clock) -> Destination:
    deploy_time = S3DeployTime(bucket="the-bucket", prefix="")
    return S3Destination(S3Document(), deploy_time, S3Objects(s3_client(url, SECONDS)))


def slack(url: str, clock: Clock, *, credential: str) -> Destination:
    channel = {"channel": CHANNEL} if credential == "bot_token" else {}
    document = SlackDocument.model_validate(
        {**channel, "credential": credential, "personal_data": "show"}
    )
    secret = {"bot_token": TOKEN, "webhook_url": url + HOOK}
    deploy_time = SlackDeployTime(api_url=f"{url}/api", private_hosts=PRIVATE)
    made = SlackDestination(document, lambda: (secret,), deploy_time, clock=clock)
    _impatient(made._http)
    return made


def knowing(_: Clock) -> Shop:
    return Endpoint(knows=True)


def forgetful(_: Clock) -> Shop:
    return Endpoint(knows=False)


def bucket(_: Clock) -> Shop:
    return Bucket()


def workspace(clock: Clock) -> Shop:
    return Channels(Workspace(TOKEN, (CHANNEL,), webhook=HOOK), clock)


CELLS = (
    Cell("webhook ordered native", Repeat.NATIVE, knowing, webhook),
    Cell("webhook ordered at_least_once", Repeat.AT_LEAST_ONCE, forgetful, webhook),
    Cell("webhook ordered at_most_once", Repeat.AT_MOST_ONCE, forgetful, webhook),
    Cell(
        "webhook batched",
        Repeat.NATIVE,
        knowing,
        webhook,
        parcels=WEBHOOK.parcels,
        mode=Mode.BATCHED,
        batch_size=40,
        scale=4.0,
        window=10.0,
    ),
    Cell(
        "webhook scheduled",
        Repeat.NATIVE,
        knowing,
        webhook,
        mode=Mode.SCHEDULED,
        batch_size=100,
        window=60.0,
    ),
    Cell("s3 ordered", Repeat.NATIVE, bucket, s3),
    Cell(
        "s3 batched",
        Repeat.READ_BACK,
        bucket,
        s3,
        parcels=S3.parcels,
        mode=Mode.BATCHED,
        batch_size=40,
        scale=4.0,
        window=10.0,
    ),
    Cell(
        "s3 scheduled",
        Repeat.NATIVE,
        bucket,
        s3,
        mode=Mode.SCHEDULED,
        batch_size=100,
        window=60.0,
    ),
    Cell(
        "slack ordered read_back",
        Repeat.READ_BACK,
        workspace,
        partial(slack, credential="bot_token"),
        parcels=SLACK.parcels,
        scale=2.0,
    ),
    Cell(
        "slack scheduled",
        Repeat.READ_BACK,
        workspace,
        partial(slack, credential="bot_token"),
        parcels=SLACK.parcels,
        mode=Mode.SCHEDULED,
        batch_size=100,
        window=60.0,
        scale=2.0,
    ),
    Cell(
        "slack ordered at_most_once",
        Repeat.AT_MOST_ONCE,
        workspace,
        partial(slack, credential="webhook_url"),
        parcels=SLACK.parcels,
        scale=4.0,
    ),
)
