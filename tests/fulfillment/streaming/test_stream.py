from __future__ import annotations

from fulfillment.streaming.delivery import Delivery, Done, Post, Tail
from fulfillment.streaming.framing import Ending, Frame, RawText
from fulfillment.streaming.pacing import Pace
from fulfillment.streaming.stream import Stream


def delivery_of(tail: Tail = "frames") -> Delivery:
    return Delivery(RawText(), Pace(0.0), tail=tail, address="connection-1")


def posted(delivery: Delivery) -> list[str]:
    """Post all that is due; return it."""
    payloads = []
    while isinstance(action := delivery.next(1.0), Post):
        payloads.append(action.payload)
        delivery.posted(1.0)
    return payloads


def test_a_delivery_that_joins_late_has_the_whole_text() -> None:
    stream, delivery = Stream(), delivery_of()
    stream.write("Hello ", 0.0)
    stream.join(delivery)
    stream.write("there", 0.0)
    assert posted(delivery) == ["Hello there"]


def test_a_client_is_shown_what_is_made_visible() -> None:
    stream, delivery = Stream(), delivery_of()
    stream.write("shout", 0.0)
    stream.join(delivery, str.upper)
    stream.write("ed", 0.0)
    assert (posted(delivery), stream.text.text()) == (["SHOUTED"], "shouted")


def test_a_reply_takes_the_rest() -> None:
    stream, delivery = Stream(), delivery_of("reply")
    stream.join(delivery)
    stream.write("tail", 0.0)
    stream.complete(0.0)
    assert isinstance(delivery.next(0.0), Done)
    assert stream.is_settled


def test_a_delivery_that_joins_after_the_end_of_a_reply_posts_nothing() -> None:
    stream, delivery = Stream(), delivery_of("reply")
    stream.write("all", 0.0)
    stream.complete(0.0)
    stream.join(delivery)
    assert posted(delivery) == []


def test_what_was_cancelled_is_not_delivered_late() -> None:
    stream, delivery = Stream(), delivery_of()
    stream.write("all", 0.0)
    stream.cancel()
    stream.join(delivery)
    stream.finish(Ending("cancelled"))
    assert posted(delivery) == []
    assert stream.is_settled


def test_a_turn_that_nothing_delivers_is_settled() -> None:
    stream = Stream()
    stream.write("all", 0.0)
    assert not stream.close() and not stream.cancel() and not stream.finish(Ending("completed"))
    assert stream.is_settled


def test_it_is_settled_when_the_post_in_flight_has_returned() -> None:
    stream, delivery = Stream(), delivery_of("reply")
    stream.join(delivery)
    stream.write("all", 0.0)
    assert isinstance(delivery.next(0.0), Post)
    stream.complete(0.0)
    assert not stream.is_settled
    delivery.posted(0.1)
    assert stream.is_settled


def test_a_client_that_comes_back_has_the_rest() -> None:
    """The earlier delivery ends, whatever it had still to post."""
    stream, before, after = Stream(), delivery_of(), delivery_of()
    stream.join(before)
    stream.write("One, two, ", 0.0)
    stream.join(after, received=5)
    stream.write("three", 0.0)
    assert posted(before) == []
    assert posted(after) == ["two, three"]


def test_text_that_has_no_reader_any_more_is_not_wanted() -> None:
    stream, delivery = Stream(), delivery_of()
    stream.join(delivery)
    stream.write("a", 0.0)
    delivery.abandon()
    stream.left(delivery)
    assert stream.text.cancelled


def test_a_delivery_that_was_replaced_leaves_nothing() -> None:
    stream, before, after = Stream(), delivery_of(), delivery_of()
    stream.join(before)
    stream.join(after)
    stream.left(before)
    assert stream.text.is_growing


def test_a_reply_needs_no_reader_of_its_frames() -> None:
    stream, delivery = Stream(), delivery_of("reply")
    stream.join(delivery)
    delivery.abandon()
    stream.left(delivery)
    assert stream.text.is_growing


def test_a_client_that_comes_back_after_the_end_is_told_it() -> None:
    class Told(RawText):
        def end(self, ending: Ending) -> list[Frame]:
            return [Frame(f"<{ending.outcome}>")]

    def delivery() -> Delivery:
        return Delivery(Told(), Pace(0.0), tail="frames", address="connection-1")

    stream = Stream()
    stream.join(delivery())
    stream.write("all", 0.0)
    stream.complete(0.0)
    stream.finish(Ending("completed"))
    again = delivery()
    stream.join(again)
    assert posted(again) == ["all", "<completed>"]
