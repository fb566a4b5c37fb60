"""Which layers stand for the whole when only some are built."""

from collections import Counter

import cards
from hypothesis import given
from hypothesis import strategies as st

from advisor.graphs import layers
from advisor.graphs.layers import Layer

ATTENTION, WINDOW, STATE = Layer(), Layer(mixer="window"), Layer(mixer="recurrent")
EXPERTS = Layer(feed="experts")


@given(
    counts=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    dense=st.integers(0, 3),
    share=st.floats(0, 1),
)
def test_a_part_has_each_kinds_share_to_within_a_layer(counts, dense, share):
    kinds = [Layer(mixer=mixer, feed="experts") for mixer in ("attention", "window", "recurrent")]
    rest = [kind for kind, count in zip(kinds, counts, strict=False) for _ in range(count)]
    whole = dense * [ATTENTION] + rest
    wanted = dense + round(share * len(rest))
    found = layers.part(whole, wanted)
    assert len(found) == wanted
    assert list(found[:dense]) == dense * [ATTENTION]
    kept = Counter(found[dense:])
    for kind, count in Counter(rest).items():
        assert abs(kept[kind] - count * (wanted - dense) / len(rest)) < 1


def test_the_whole_is_its_own_part_in_the_same_order():
    whole = (ATTENTION, WINDOW, WINDOW, STATE)
    assert layers.part(whole, 4) == whole
    assert layers.part(whole, 9) == whole


def test_fewer_layers_than_dense_ones_are_dense():
    assert layers.part((ATTENTION, ATTENTION, EXPERTS, EXPERTS), 1) == (ATTENTION,)


def test_a_part_of_a_model_with_windows_keeps_their_share():
    card = cards.tiny_decoder(
        "gemma3_text", num_hidden_layers=24, sliding_window=8,
        layer_pattern={"sliding_attention": 20, "full_attention": 4},
    )  # fmt: skip
    shape = cards.shape_of(card)
    found = Counter(layer.mixer for layer in shape.kinds(12))
    assert found == {"window": 10, "attention": 2}
    assert shape.period() == (0, 6)


def test_depths_that_hold_exactly_the_wholes_mix():
    assert layers.period(16 * [ATTENTION]) == (0, 1)
    assert layers.period([ATTENTION] + 26 * [EXPERTS]) == (1, 1)
    assert layers.period(10 * [STATE] + 6 * [ATTENTION]) == (0, 8)
    whole = 10 * [STATE] + 6 * [ATTENTION]
    assert Counter(layers.part(whole, 8)) == {STATE: 5, ATTENTION: 3}
