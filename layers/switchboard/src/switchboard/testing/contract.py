"""What every destination promises, clause by clause, over real sockets.

A kind brings a `Subject`: how it is made against a stand-in, and which answers of its vendor mean
what. Each clause raises AssertionError where the promise is broken; a clause that cannot be broken
by a kind (its vendor has no such answer) is left out by the subject, by name and with its reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from switchboard.delivery import delivery_key
from switchboard.destination import Delivery, Destination, DestinationSpec, Receipt
from switchboard.destination_documents import whole_event
from switchboard.errors import (
    DeliveryError,
    OutcomeUnknown,
    Rejected,
    SwitchboardError,
    Unavailable,
)
from switchboard.testing.deliveries import DeliveryBench, make_event, make_record
from switchboard.testing.stand_in import TAKEN, Arrived, Reply, StandIn, closed_url

SECRET_TEXT = "c2VjcmV0LXRoYXQtbXVzdC1uZXZlci1zaG93"  # noqa: S105 - to be looked for


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind under contract.

    `make` takes the vendor's address. `key_of` reads the vendor's idempotency key from a request.
    `answers` are the vendor's replies by the error that each means; `limited` is one that says 60
    seconds; `taken` is what it answers to what it took. `left_out` names clauses that do not apply,
    with the reason.
    """

    spec: DestinationSpec
    make: Callable[[str], Destination]
    key_of: Callable[[Arrived], str]
    answers: Mapping[type[SwitchboardError], tuple[Reply, ...]]
    limited: Reply | None
    failure_under_200: Reply | None
    largest_request: int
    taken: Reply = TAKEN
    left_out: Mapping[str, str] = field(default_factory=dict)


def a_delivery(number: int = 1, attempt: int = 1, **data: Any) -> Delivery:
    """A delivery of an event."""
    event = make_event(number, data={"number": number, **data})
    return Delivery(
        event=event,
        group="interaction:one",
        destination="crm",
        key=delivery_key(event.id, "crm", 0),
        attempt=attempt,
        output=whole_event(event),
    )


def raised(destination: Destination, delivery: Delivery) -> Exception | None:
    """What sending raises, if anything."""
    try:
        destination.send(delivery)
    except Exception as error:  # noqa: BLE001 - the clauses say which it may be
        return error
    return None


def delivers_once_on_success(subject: Subject) -> None:
    """A taken request is one request and a receipt."""
    with StandIn(subject.taken) as vendor:
        receipt = subject.make(vendor.url).send(a_delivery())
        assert isinstance(receipt, Receipt)
        assert len(vendor.arrived) == 1, f"{len(vendor.arrived)} requests arrived"


def checks_without_sending(subject: Subject) -> None:
    """A request is built and checked, and nothing arrives of it."""
    with StandIn() as vendor:
        destination = subject.make(vendor.url)
        request = destination.check(a_delivery())
        assert vendor.arrived == [], "a request arrived"
        assert request, "there is no request"


def names_each_refusal(subject: Subject) -> None:
    """Every answer of the vendor becomes the error that it means, and no subclass of another."""
    for meant, replies in subject.answers.items():
        for reply in replies:
            with StandIn(subject.taken) as vendor:
                vendor.replies = [reply]
                error = raised(subject.make(vendor.url), a_delivery())
                assert type(error) is meant, f"{reply.status} became {type(error).__name__}"


def knows_when_nothing_was_sent(subject: Subject) -> None:
    """No connection is a clean failure."""
    error = raised(subject.make(closed_url()), a_delivery())
    assert type(error) is Unavailable, f"no connection became {type(error).__name__}"


def owns_up_to_an_unknown_outcome(subject: Subject) -> None:
    """A connection lost after the request leaves an outcome that nobody knows."""
    with StandIn(subject.taken) as vendor:
        vendor.replies = [Reply(hang_up=True)]
        error = raised(subject.make(vendor.url), a_delivery())
        assert type(error) is OutcomeUnknown, f"a lost answer became {type(error).__name__}"


def honours_retry_after(subject: Subject) -> None:
    """The vendor's own time is passed on."""
    assert subject.limited is not None
    with StandIn(subject.taken) as vendor:
        vendor.replies = [subject.limited]
        error = raised(subject.make(vendor.url), a_delivery())
        # Which class it is, another clause says.
        assert getattr(error, "retry_after", 60) == 60, "Retry-After: 60 was not passed on"


def sees_a_failure_under_200(subject: Subject) -> None:
    """What only looks like success is none."""
    assert subject.failure_under_200 is not None
    with StandIn(subject.taken) as vendor:
        vendor.replies = [subject.failure_under_200]
        error = raised(subject.make(vendor.url), a_delivery())
        assert isinstance(error, DeliveryError), "a failure under 200 counted as delivered"


def one_of_ten_fails_alone(subject: Subject) -> None:
    """One refused record of a batch is a dead letter, and the nine others arrive."""
    (refusal, *_) = subject.answers[Rejected]
    with StandIn(subject.taken) as vendor:
        vendor.replies = [subject.taken, subject.taken, subject.taken, refusal]
        bench = DeliveryBench(subject.make(vendor.url))
        records = [make_record(make_event(n), group=f"interaction:{n}") for n in range(10)]
        assert bench.deliver(*records) == {}
        assert len(bench.dead_letters.taken) == 1, f"{len(bench.dead_letters.taken)} are dead"
        assert len({subject.key_of(one) for one in vendor.arrived}) == 10


def repeats_under_the_same_key(subject: Subject) -> None:
    """Every attempt of a delivery carries one key, and another delivery another."""
    with StandIn(subject.taken) as vendor:
        destination = subject.make(vendor.url)
        keys: list[str] = []
        for delivery in (a_delivery(), a_delivery(attempt=2), a_delivery(2)):
            before = len(vendor.arrived)
            destination.send(delivery)
            keys.append(subject.key_of(vendor.arrived[before]))
        first, second, other = keys
        assert first == second, "the second attempt has another key"
        assert first != other, "two deliveries share a key"


def stays_within_the_vendors_limit(subject: Subject) -> None:
    """A full-size output makes a request that the vendor takes."""
    with StandIn(subject.taken) as vendor:
        subject.make(vendor.url).send(a_delivery(text="x" * 60_000))
        largest = max(len(one.body) for one in vendor.arrived)
        assert largest <= subject.largest_request, f"a request of {largest} bytes"


def shows_no_secret(subject: Subject) -> None:
    """No secret in an error, in what is kept of an answer, or in a repr."""
    replies = [reply for some in subject.answers.values() for reply in some]
    for reply in replies:
        with StandIn(subject.taken) as vendor:
            vendor.replies = [Reply(reply.status, reply.headers, f'{{"token": "{SECRET_TEXT}"}}')]
            destination = subject.make(vendor.url)
            error = raised(destination, a_delivery())
            shown = f"{error!r} {error} {getattr(error, 'answer', '')} {destination!r}"
            assert SECRET_TEXT not in shown, f"{reply.status}: the secret is shown"


def unknown_fields_do_no_harm(subject: Subject) -> None:
    """An event of a later day, with fields that nobody knows, is delivered."""
    with StandIn(subject.taken) as vendor:
        delivery = a_delivery(brand_new={"deep": [None, {"ü": "\ud800\x00"}]})
        error = raised(subject.make(vendor.url), delivery)
        assert error is None, f"unknown fields raised {error!r}"


def names_a_missing_setting(subject: Subject) -> None:
    """A document or entry without a required field says which one."""
    for model in (subject.spec.document, subject.spec.deploy_time):
        required = [name for name, info in model.model_fields.items() if info.is_required()]
        if not required:
            continue
        try:
            model.model_validate({})
        except ValidationError as error:
            named = {str(one["loc"][0]) for one in error.errors()}
            assert named == set(required), f"{model.__name__} names {named}"


CLAUSES: Mapping[str, Callable[[Subject], None]] = {
    clause.__name__: clause
    for clause in (
        delivers_once_on_success,
        checks_without_sending,
        names_each_refusal,
        knows_when_nothing_was_sent,
        owns_up_to_an_unknown_outcome,
        honours_retry_after,
        sees_a_failure_under_200,
        one_of_ten_fails_alone,
        repeats_under_the_same_key,
        stays_within_the_vendors_limit,
        shows_no_secret,
        unknown_fields_do_no_harm,
        names_a_missing_setting,
    )
}


def broken_clauses(subject: Subject) -> list[str]:
    """The clauses that a subject breaks."""
    broken: list[str] = []
    for name, clause in CLAUSES.items():
        if name in subject.left_out:
            continue
        try:
            clause(subject)
        except AssertionError:
            broken.append(name)
    return broken
