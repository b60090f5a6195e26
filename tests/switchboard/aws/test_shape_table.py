"""Shapes in DynamoDB: what was written is read, and of two writers of one revision one wins."""

import pytest

from switchboard.aws.shape_table import ShapeTable
from switchboard.fingerprint import fingerprint
from switchboard.shape import Drift, Finding, Known, Lesson, Shape


@pytest.mark.usefixtures("tables")
def test_a_shape_is_written_and_read() -> None:
    table = ShapeTable("state")
    assert table.read_shape("cc", "interaction.queued") == Shape()
    lesson = Lesson()
    lesson.add(fingerprint({"a": {"b": [1, "x"]}, "ü\ud800#": None}, floating=False))
    finding = Finding(drift=Drift.NEW, path="a", kinds=("object",), example="an object")
    shape = Shape().learned(lesson).model_copy(update={"findings": (finding,)})
    assert table.write_shape("cc", "interaction.queued", shape)
    found = ShapeTable("state").read_shape("cc", "interaction.queued")
    assert found == shape
    assert found.paths["a.b[]"] == Known(kinds=("number", "text"), seen=1)
    assert table.read_shape("cc", "interaction.accepted") == Shape()


@pytest.mark.usefixtures("tables")
def test_of_two_writers_of_one_revision_one_wins() -> None:
    one, other = ShapeTable("state"), ShapeTable("state")
    first = Shape().learned(Lesson(seen=1))
    assert one.write_shape("cc", "x", first)
    assert not other.write_shape("cc", "x", Shape().learned(Lesson(seen=7)))
    assert other.read_shape("cc", "x").seen == 1
    assert other.write_shape("cc", "x", first.learned(Lesson(seen=7)))
    assert one.read_shape("cc", "x").seen == 8
    assert not one.write_shape("cc", "x", first.learned(Lesson(seen=9)))
