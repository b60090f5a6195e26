from desk.emulator.faults import FaultPlan, Faults


def refusals(plan: FaultPlan, role: str = "a-role", queue: str = "q") -> list[int]:
    faults = Faults()
    faults.follow(plan)
    return [n for n in range(1000) if faults.refuses_send(queue, role, str(n))]


def test_refuses_the_share_that_is_asked_for_and_the_same_ones_for_a_seed() -> None:
    plan = FaultPlan(seed=7, refuse_sends=0.1)
    assert refusals(plan) == refusals(plan)
    assert 70 < len(refusals(plan)) < 130
    assert refusals(plan) != refusals(FaultPlan(seed=8, refuse_sends=0.1))


def test_the_order_of_other_messages_changes_nothing() -> None:
    faults = Faults()
    faults.follow(FaultPlan(seed=7, refuse_sends=0.1))
    backwards = [n for n in reversed(range(1000)) if faults.refuses_send("q", "a-role", str(n))]
    assert sorted(backwards) == refusals(FaultPlan(seed=7, refuse_sends=0.1))


def test_a_refused_message_is_not_refused_for_ever() -> None:
    faults = Faults()
    faults.follow(FaultPlan(refuse_sends=0.5))
    tries = [faults.refuses_send("q", "a-role", "one") for _ in range(50)]
    assert set(tries) == {True, False}
    assert faults.refused_sends == sum(tries)


def test_the_operator_other_roles_and_other_queues_are_spared() -> None:
    everything = FaultPlan(refuse_sends=1.0, queues=("q",), roles=("a-role",), down=("sqs",))
    assert refusals(everything, role="OPERATOR") == []
    assert refusals(everything, role="another") == []
    assert refusals(everything, queue="another") == []
    assert len(refusals(everything)) == 1000


def test_a_service_is_down_or_throttles() -> None:
    faults = Faults()
    faults.follow(FaultPlan(down=("sqs",), throttled=("dynamodb",)))
    down, throttled = faults.of("sqs", "a-role"), faults.of("dynamodb", "a-role")
    assert down is not None
    assert down[0] == 503
    assert throttled is not None
    assert throttled[1]["__type"] == "ProvisionedThroughputExceededException"
    assert faults.of("s3", "a-role") is None
    assert faults.of("sqs", "OPERATOR") is None


def struck(plan: FaultPlan, requests: int = 1000) -> list[int]:
    faults = Faults()
    faults.follow(plan)
    return [n for n in range(requests) if faults.of("sqs", "a-role") is not None]


def test_a_share_of_the_requests_is_met_and_the_same_ones_for_a_seed() -> None:
    plan = FaultPlan(seed=7, down=("sqs",), share=0.3)
    assert struck(plan) == struck(plan)
    assert 250 < len(struck(plan)) < 350
    assert struck(plan) != struck(FaultPlan(seed=8, down=("sqs",), share=0.3))


def test_what_really_happened_is_counted() -> None:
    faults = Faults()
    faults.follow(FaultPlan(down=("ssm",), slow={"sqs": 0.5}, cut=("sqs",)))
    assert faults.slowness("sqs", "a-role") == 0.5
    assert faults.cuts("sqs", "a-role")
    assert faults.of("ssm", "a-role") is not None
    assert faults.slowness("ssm", "a-role") == 0.0
    assert not faults.cuts("ssm", "a-role")
    assert not faults.cuts("sqs", "OPERATOR")
    assert faults.slowness("sqs", "OPERATOR") == 0.0
    assert faults.injected == {"slow": 1, "cut": 1, "down": 1}
