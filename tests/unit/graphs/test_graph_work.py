"""The arithmetic of drawn networks against what was published of them."""

import pytest

from advisor.catalog import load
from advisor.estimate import image_work
from advisor.graphs import work
from advisor.graphs.conv import networks, shapes
from advisor.graphs.vision.pen import Pen

NEAR_SHARE = 0.06
"""[1] Published figures have two digits, and count norms and activations too."""


def test_operations_of_convolutional_networks_are_those_published():
    apart = {}
    for card in load.catalog().models:
        if card.architecture is None or not shapes.knows(card.architecture):
            continue
        found = work.of(networks.drawing(shapes.shape(card)[0], 1))
        apart[card.id] = found.total_flops / image_work.image_flops(card.id) - 1
    assert len(apart) == 12
    assert {model_id: share for model_id, share in apart.items() if abs(share) > NEAR_SHARE} == {}


def test_each_kind_of_kernel_is_counted_by_itself():
    pen = Pen()
    x = pen.input("x", (2, 8, 10, 10))
    y = pen.conv("mix", x, 16, 3)
    y = pen.conv("each", y, 16, 3, groups=16, bias=False)
    y = pen.reshape(y, (2, 16, 100))
    scores = pen.matmul(y, pen.transpose(y, 0, 2, 1))
    pen.output(pen.linear("last", scores, 5, bias=False))
    found = work.of(pen.drawing())
    assert found.conv_flops == 2 * 2 * 100 * 16 * 8 * 9
    assert found.depthwise_flops == 2 * 2 * 100 * 16 * 9
    assert found.attention_flops == 2 * 2 * 16 * 16 * 100
    assert found.linear_flops == 2 * 2 * 16 * 16 * 5
    assert found.total_flops == sum(
        (found.conv_flops, found.depthwise_flops, found.attention_flops, found.linear_flops)
    )
    assert found.weight_bytes == 4 * (16 * 8 * 9 + 16 + 16 * 9 + 16 * 5)
    assert found.num_operators == 6
    image, grid, square = 2 * 8 * 100, 2 * 16 * 100, 2 * 16 * 16
    read_and_written = image + grid + 2 * grid + 2 * grid + 2 * grid + 2 * grid + square + square + 2 * 16 * 5
    assert found.traffic_bytes == 4 * read_and_written


def test_enlarging_by_a_learned_kernel_counts_each_place_once():
    pen = Pen()
    x = pen.input("x", (1, 4, 3, 3))
    pen.output(pen.conv_transpose("grow", x, 6, 2))
    assert work.of(pen.drawing()).conv_flops == pytest.approx(2 * 9 * 4 * 6 * 4)
