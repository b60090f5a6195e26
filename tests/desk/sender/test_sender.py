import base64
import hashlib
import hmac
import json

from desk.sender.scenario import CHAT, DESTINATIONS, TOLD, body_of, interactions
from desk.sender.signing import jaas, standard_webhooks

NOW = 1_790_000_000


def test_jaas_signs_as_its_published_sample_says() -> None:
    # https://developer.8x8.com/jaas/docs/webhooks-signatures: the scheme, recomputed by hand.
    secret, body = "whsec_9635df66714a4cf088ee9d0979dd3bf6", b'{"eventType":"X"}'
    made = hmac.new(secret.encode(), b"1632490060." + body, hashlib.sha256).digest()
    assert jaas(secret, body, 1632490060, "") == {
        "X-Jaas-Signature": f"t=1632490060,v1={base64.b64encode(made).decode()}"
    }


def test_standard_webhooks_signs_its_published_vector() -> None:
    # From the specification's own libraries.
    headers = standard_webhooks(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b'{"test": 2432232314}',
        1614265330,
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_seed_says_what_is_sent() -> None:
    assert interactions(50, 8, NOW) == interactions(50, 8, NOW)
    assert interactions(50, 8, NOW) != interactions(50, 9, NOW)


def test_there_are_as_many_valid_events_as_were_asked_for_and_one_of_each_trouble() -> None:
    made = [s for one in interactions(200, 8, NOW) for s in one.sendings]
    valid = [s for s in made if s.expect == 202 and not s.repeat and "poison" not in s.event]
    assert len(valid) == 200
    assert {s.expect for s in made} == {202, 400, 401, 403, 413}
    assert {destination for s in made for destination in s.dead} == {"route", "crm", "pager"}
    assert any(s.repeat for s in made)


def test_every_valid_payload_carries_the_senders_own_mark() -> None:
    for interaction in interactions(40, 8, NOW):
        for sending in interaction.sendings:
            if sending.expect == 202:
                assert sending.event in body_of(sending).decode()
                assert set(sending.deliver) <= {*DESTINATIONS, CHAT}
                json.loads(body_of(sending))


def test_chat_is_told_how_tickets_begin_and_end() -> None:
    sendings = [s for one in interactions(100, 8, NOW) for s in one.sendings if s.expect == 202]
    told = {s.payload["type"] for s in sendings if CHAT in s.deliver}
    assert told == TOLD
    assert {s.source for s in sendings if CHAT in s.deliver} == {"partner"}


def test_an_interaction_is_sent_in_its_order() -> None:
    for interaction in interactions(100, 8, NOW):
        sequences = [s.sequence for s in interaction.sendings]
        assert sequences == sorted(sequences)
