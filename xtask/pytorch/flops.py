"""Floating point operations of the benchmark's jobs.

Counted are matrix products and both products of attention, two operations a multiply-add, and
nothing else: no norms, softmax, activations, embeddings or optimiser. Backward counts as twice
forward, whatever an implementation computes again.
"""

from collections.abc import Sequence

from model import FREQUENCIES, Config

BACKWARD = 2
TRAIN = 1 + BACKWARD


def matmul_flop(m: int, k: int, n: int) -> int:
    """`[m, k]` times `[k, n]`."""
    return 2 * m * k * n


def attention_flop(batch: int, heads: int, tokens: int, head_dim: int) -> int:
    """Queries by keys and weights by values, forward."""
    return 2 * batch * heads * matmul_flop(tokens, head_dim, tokens)


def block_flop(config: Config, lengths: Sequence[int]) -> int:
    """One transformer block, forward, on images of `lengths` tokens."""
    width, tokens = config.width, sum(lengths)
    projections = 4 * matmul_flop(tokens, width, width)
    feed_forward = 2 * matmul_flop(tokens, width, 4 * width)
    modulation = matmul_flop(len(lengths), width, 6 * width)
    attention = sum(
        attention_flop(1, config.num_attention_heads, length, config.attention_head_dim)
        for length in lengths
    )
    return projections + feed_forward + modulation + attention


def forward_flop(config: Config, lengths: Sequence[int]) -> int:
    """The whole model, forward, on images of `lengths` tokens."""
    width, images, tokens = config.width, len(lengths), sum(lengths)
    patches = 2 * matmul_flop(tokens, config.patch_features, width)  # In and out.
    embedders = 2 * (matmul_flop(images, FREQUENCIES, width) + matmul_flop(images, width, width))
    last_norm = matmul_flop(images, width, 2 * width)
    return config.depth * block_flop(config, lengths) + patches + embedders + last_norm
