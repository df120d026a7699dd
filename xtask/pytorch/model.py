"""PixelFlow's transformer in plain PyTorch: a DiT on pixels, class-conditional.

Written for speed comparisons from `torch.nn` modules; parameters have the names of the
released checkpoints. One forward is for a batch of equally large images, the other for a packed
sequence of images of several sizes, as training uses it.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-6
FREQUENCIES = 256


@dataclass(frozen=True)
class Config:
    """Sizes of a model."""

    num_attention_heads: int
    attention_head_dim: int
    depth: int
    num_classes: int
    patch_size: int = 4
    channels: int = 3
    attention_bias: bool = True

    @property
    def width(self) -> int:
        return self.num_attention_heads * self.attention_head_dim

    @property
    def patch_features(self) -> int:
        return self.channels * self.patch_size**2


class Run(NamedTuple):
    """Neighbouring examples of `height` x `width` tokens each."""

    examples: int
    height: int
    width: int

    @property
    def length(self) -> int:
        """Tokens of one example."""
        return self.height * self.width

    @property
    def tokens(self) -> int:
        """Tokens of all examples."""
        return self.examples * self.length


@lru_cache(maxsize=64)
@torch.inference_mode(mode=False)  # Training may use it after sampling has made it.
def rotary_table(head_dim: int, height: int, width: int, device: torch.device) -> Tensor:
    """Cosine and sine of every pair of features, `[height * width, 1, head_dim / 2, 2]`, f32.

    The first half of the pairs turns with the column, the second with the row.
    """
    pairs = head_dim // 4
    frequencies = 10_000.0 ** -(torch.arange(pairs, dtype=torch.float32) / pairs)
    rows = torch.arange(height, dtype=torch.float32)[:, None].expand(height, width)
    columns = torch.arange(width, dtype=torch.float32).expand(height, width)
    places = torch.stack((columns, rows), dim=-1).reshape(-1, 2, 1)
    angles = (places * frequencies).flatten(1)
    return torch.stack((angles.cos(), angles.sin()), dim=-1)[:, None].to(device)


def rotate(x: Tensor, table: Tensor) -> Tensor:
    """Turns neighbouring pairs of features of `x`, `[..., tokens, heads, head_dim]`, in f32."""
    pairs = x.float().unflatten(-1, (-1, 2))
    if torch.compiler.is_compiling():  # The compiler fuses real arithmetic, but no complex one.
        (a, b), (cos, sin) = pairs.unbind(-1), table.unbind(-1)
        turned = torch.stack((a * cos - b * sin, b * cos + a * sin), dim=-1)
    else:
        turned = torch.view_as_real(torch.view_as_complex(pairs) * torch.view_as_complex(table))
    return turned.flatten(-2).to(x.dtype)


def sinusoid(values: Tensor) -> Tensor:
    """Embedding of numbers, `[n]` to `[n, 256]` in f32: cosines, then sines."""
    half = FREQUENCIES // 2
    exponents = torch.arange(half, dtype=torch.float32, device=values.device) / (half - 1)
    angles = values.float()[:, None] * torch.exp(-math.log(10_000.0) * exponents)
    return torch.cat((angles.cos(), angles.sin()), dim=-1)


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """`x (1 + scale) + shift` in one pass."""
    return torch.addcmul(shift, x, 1 + scale)


def spread(rows: Tensor, runs: list[Run]) -> Tensor:
    """Repeats row `i` for every token of example `i`: `[examples, d]` to `[tokens, d]`.

    Views and one concatenation: backward is a sum, much faster than that of an index.
    """
    pieces = rows.split([run.examples for run in runs])
    expanded = [
        piece[:, None].expand(-1, run.length, -1).flatten(0, 1)
        for piece, run in zip(pieces, runs, strict=True)
    ]
    return torch.cat(expanded)


class PatchEmbed(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        patch = config.patch_size
        self.proj = nn.Conv2d(config.channels, config.width, kernel_size=patch, stride=patch)

    def forward(self, image: Tensor) -> Tensor:
        return self.proj(image).flatten(2).transpose(1, 2)

    def of_patches(self, patches: Tensor) -> Tensor:
        """The same for patches that are cut already, features in `(c ph pw)` order."""
        return F.linear(patches, self.proj.weight.flatten(1), self.proj.bias)


class NumberEmbedding(nn.Module):
    """A number's sinusoid through two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(FREQUENCIES, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, values: Tensor) -> Tensor:
        x = sinusoid(values).to(self.linear_1.weight.dtype)
        return self.linear_2(F.silu(self.linear_1(x)))


class ClassEmbedding(nn.Module):
    """The last row of the table stands for "no class"."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embedding_table = nn.Embedding(classes + 1, width)

    def forward(self, labels: Tensor) -> Tensor:
        return self.embedding_table(labels)


class AdaptiveNorm(nn.Module):
    """The layer norm before attention, and the projection that modulates the whole block."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, 6 * width)
        self.norm = nn.LayerNorm(width, eps=EPSILON, elementwise_affine=False)

    def forward(self, x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        return modulate(self.norm(x), shift, scale)


class Attention(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        width, bias = config.width, config.attention_bias
        self.heads = config.num_attention_heads
        self.q_proj = nn.Linear(width, width, bias=bias)
        self.k_proj = nn.Linear(width, width, bias=bias)
        self.v_proj = nn.Linear(width, width, bias=bias)
        self.o_proj = nn.Linear(width, width, bias=bias)
        self.q_norm = nn.RMSNorm(width, eps=EPSILON)
        self.k_norm = nn.RMSNorm(width, eps=EPSILON)

    def forward(self, x: Tensor, table: Tensor, runs: list[Run] | None) -> Tensor:
        heads = (self.heads, -1)
        q = rotate(self.q_norm(self.q_proj(x)).unflatten(-1, heads), table)
        k = rotate(self.k_norm(self.k_proj(x)).unflatten(-1, heads), table)
        v = self.v_proj(x).unflatten(-1, heads)
        attended = attend(q, k, v) if runs is None else attend_packed(q, k, v, runs)
        return self.o_proj(attended.flatten(-2))


def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Attention inside each row of a batch, `[batch, tokens, heads, head_dim]`."""
    q, k, v = (x.transpose(1, 2) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v).transpose(1, 2)


def attend_packed(q: Tensor, k: Tensor, v: Tensor, runs: list[Run]) -> Tensor:
    """Attention inside each example of a sequence, `[tokens, heads, head_dim]`.

    One dense call for each run of equally long examples.
    """
    lengths = [run.tokens for run in runs]
    split = [x.split(lengths) for x in (q, k, v)]
    attended = [
        attend(*(x.unflatten(0, (run.examples, run.length)) for x in pieces)).flatten(0, 1)
        for run, pieces in zip(runs, zip(*split, strict=True), strict=True)
    ]
    return torch.cat(attended)


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.norm1 = AdaptiveNorm(config.width)
        self.attn1 = Attention(config)
        self.norm3 = nn.RMSNorm(config.width, eps=EPSILON)
        self.mlp = FeedForward(config.width)

    def forward(self, h: Tensor, active: Tensor, table: Tensor, runs: list[Run] | None) -> Tensor:
        six = per_token(self.norm1.linear(active), runs).chunk(6, dim=-1)
        shift_attn, scale_attn, gate_attn, shift_mlp, scale_mlp, gate_mlp = six
        attended = self.attn1(self.norm1(h, shift_attn, scale_attn), table, runs)
        h = torch.addcmul(h, gate_attn, attended)
        return torch.addcmul(h, gate_mlp, self.mlp(modulate(self.norm3(h), shift_mlp, scale_mlp)))


def per_token(rows: Tensor, runs: list[Run] | None) -> Tensor:
    """Rows of examples, ready to meet their tokens: broadcast in a batch, repeated if packed."""
    return rows[:, None] if runs is None else spread(rows, runs)


class PixelFlow(nn.Module):
    """Predicts the velocity of an image."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.width
        self.config = config
        self.patch_embed = PatchEmbed(config)
        self.timestep_embedder = NumberEmbedding(width)
        self.latent_size_embedder = NumberEmbedding(width)
        self.class_embedder = ClassEmbedding(config.num_classes, width)
        self.transformer_blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.norm_out = nn.LayerNorm(width, eps=EPSILON, elementwise_affine=False)
        self.proj_out_1 = nn.Linear(width, 2 * width)
        self.proj_out_2 = nn.Linear(width, config.patch_features)

    def tables(self, runs: list[Run], device: torch.device) -> Tensor:
        """Rotary table of a packed sequence; the same for every step on the same sizes."""
        head_dim = self.config.attention_head_dim
        tables = [
            rotary_table(head_dim, run.height, run.width, device).repeat(run.examples, 1, 1, 1)
            for run in runs
        ]
        return torch.cat(tables)

    def forward(
        self, image: Tensor, timestep: Tensor, labels: Tensor, latent_size: Tensor, table: Tensor
    ) -> Tensor:
        """Velocity of a batch of equally large images, `[batch, channels, height, width]`.

        `latent_size` is the side in tokens, one for all or one per image.
        """
        patch, channels = self.config.patch_size, self.config.channels
        height, width = (side // patch for side in image.shape[-2:])
        out = self.transform(
            self.patch_embed(image), self.condition(timestep, labels, latent_size), table, None
        )
        pixels = out.view(-1, height, width, patch, patch, channels)
        return pixels.permute(0, 5, 1, 3, 2, 4).reshape(image.shape)

    def forward_packed(
        self,
        patches: Tensor,
        timestep: Tensor,
        labels: Tensor,
        latent_size: Tensor,
        table: Tensor,
        runs: list[Run],
    ) -> Tensor:
        """Velocity of a packed sequence, `[tokens, features]` with features `(c ph pw)`."""
        patch, channels = self.config.patch_size, self.config.channels
        embedded = self.patch_embed.of_patches(patches)
        out = self.transform(embedded, self.condition(timestep, labels, latent_size), table, runs)
        return out.view(-1, patch, patch, channels).permute(0, 3, 1, 2).flatten(1)

    def condition(self, timestep: Tensor, labels: Tensor, latent_size: Tensor) -> Tensor:
        size = self.latent_size_embedder(latent_size)
        return self.timestep_embedder(timestep) + self.class_embedder(labels) + size

    def transform(
        self, h: Tensor, conditioning: Tensor, table: Tensor, runs: list[Run] | None
    ) -> Tensor:
        """Blocks and last layer; features of the output are `(ph pw c)`."""
        active = F.silu(conditioning)
        for block in self.transformer_blocks:
            h = block(h, active, table, runs)
        shift, scale = per_token(self.proj_out_1(active), runs).chunk(2, dim=-1)
        return self.proj_out_2(modulate(self.norm_out(h), shift, scale))


def random_model(config: Config, seed: int = 0) -> PixelFlow:
    """A model in f32 with small random weights everywhere, so that no gate is closed."""
    torch.manual_seed(seed)
    model = PixelFlow(config)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            nn.init.normal_(parameter, std=0.02)
    return model


def packed_loss(out: Tensor, target: Tensor, runs: list[Run]) -> Tensor:
    """Mean over the examples of each one's mean squared error, in f32."""
    squares = (out.float() - target.float()).square().mean(dim=1)
    pieces = squares.split([run.tokens for run in runs])
    means = [piece.view(run.examples, -1).mean(1) for piece, run in zip(pieces, runs, strict=True)]
    return torch.cat(means).mean()
