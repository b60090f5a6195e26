import json
from pathlib import Path

from werkzeug.test import Client

from desk.emulator.parameters import ReadRate
from desk.emulator.server import Emulator
from switchboard.testing.stores import Clock

HEADERS = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=OPERATOR/20261124/eu-west-1/ssm/aws4_request",
    "X-Amz-Target": "AmazonSSM.GetParameters",
    "Content-Type": "application/x-amz-json-1.1",
    "Host": "ssm.eu-west-1.amazonaws.com",
}


def test_parameters_are_read_forty_times_a_second_by_all_together() -> None:
    clock = Clock()
    rate = ReadRate(clock)
    reads = [rate.refuses(f"GetParameter{kind}") for kind in ("", "s", "sByPath") * 20]
    assert reads == [False] * 40 + [True] * 20
    assert not rate.refuses("PutParameter")
    clock.forward(1.0)
    assert not rate.refuses("GetParameters")
    assert rate.refused == 20


def test_a_throttled_read_is_what_ssm_calls_it(tmp_path: Path) -> None:
    emulator = Emulator(tmp_path / "calls.jsonl")
    emulator.parameter_reads = ReadRate(Clock())
    client = Client(emulator)
    body = json.dumps({"Names": ["/stage/one"]})
    answers = [client.post("/", data=body, headers=HEADERS) for _ in range(41)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [400]
    refusal = json.loads(answers[-1].get_data())
    assert refusal == {"__type": "ThrottlingException", "message": "Rate exceeded"}
    state = json.loads(client.get("/_desk/state").get_data())
    assert state["throttled_parameter_reads"] == 1
    emulator._log.close()
