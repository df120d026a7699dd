"""The cascade of stages and Euler's method with classifier-free guidance."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

from model import PixelFlow, rotary_table

GAMMA = -1 / 3
TRAIN_TIMESTEPS = 1000
RAMP = (0.0, 1 / 6, 2 / 3, 1.0)


@dataclass(frozen=True)
class Stage:
    """A window of time; `original_start` is its start before rectification."""

    original_start: float
    first_timestep: float
    last_timestep: float

    def timestep(self, time: float) -> float:
        """The network's timestep: linear, and training's last one is at (N - 1) / N."""
        last_time = (TRAIN_TIMESTEPS - 1) / TRAIN_TIMESTEPS
        slope = (self.last_timestep - self.first_timestep) / last_time
        return self.first_timestep + slope * time

    def renoise(self) -> tuple[float, float]:
        """Weights of the doubled image and of the block noise on entering this stage."""
        t = self.original_start
        image = 1 / (math.sqrt(1 - 1 / GAMMA) * (1 - t) + t)
        return image, image * (1 - t) / math.sqrt(-GAMMA)


def stages(count: int) -> list[Stage]:
    """The stages, lowest resolution first.

    Network timesteps are shared out in proportion to the rectified lengths; of all stages but
    the last the next one's first timestep is left out.
    """
    n = TRAIN_TIMESTEPS
    originals = [int(n * s / count) / n for s in range(count)]
    ends = [*originals[1:], 1.0]
    starts = [t / (math.sqrt(1 - 1 / GAMMA) * (1 - t) + t) for t in originals]
    lengths = [end - start for start, end in zip(starts, ends, strict=True)]
    cuts = [int(n * (sum(lengths[:s]) / sum(lengths))) for s in range(count)] + [n - 1]
    result = []
    for s, original in enumerate(originals):
        steps = n - 1 if s + 1 == count else n
        last = cuts[s] + (cuts[s + 1] - cuts[s]) * (n - 1) / steps
        result.append(Stage(original, float(cuts[s]), last))
    return result


def even_times(steps: int) -> list[float]:
    """Times of `steps` equally long steps through a stage."""
    return [step / steps for step in range(steps + 1)]


def guidance_scales(scale: float, count: int) -> list[float]:
    """One scale a stage: none in the first, all in the last; the paper's four, interpolated."""
    scales = []
    for stage in range(count):
        place = 3.0 if count == 1 else 3 * stage / (count - 1)
        below = min(int(place), 2)
        ramp = RAMP[below] + (RAMP[below + 1] - RAMP[below]) * (place - below)
        scales.append(1 + (scale - 1) * ramp)
    return scales


def block_noise(like: Tensor, generator: torch.Generator) -> Tensor:
    """Noise whose 2x2 blocks sum to zero, with correlation -1/3 inside them."""
    z = torch.randn(like.shape, device=like.device, generator=generator)
    mean = F.interpolate(F.avg_pool2d(z, 2), scale_factor=2.0, mode="nearest")
    return math.sqrt(1 - GAMMA) * (z - mean)


def sample(
    network: Callable[..., Tensor],
    model: PixelFlow,
    labels: Tensor,
    noise: Tensor,
    times: Sequence[Sequence[float]],
    scales: Sequence[float],
    block_noises: Callable[[int, Tensor], Tensor],
) -> Tensor:
    """Images in -1..1, f32, from `noise` at the lowest resolution.

    `network` is `model` or a compiled form of it. The state stays in f32. Where the scale is 1
    the unconditional half is not computed, else both halves are one batch, [null; conditional].
    """
    x = noise
    for index, stage in enumerate(stages(len(times))):
        if index > 0:
            image, noisy = stage.renoise()
            x = F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = image * x + noisy * block_noises(index, x)
        for start, end in pairwise(times[index]):
            v = velocity(network, model, x, stage.timestep(start), labels, scales[index])
            x = torch.add(x, v, alpha=end - start)
    return x


def velocity(
    network: Callable[..., Tensor],
    model: PixelFlow,
    x: Tensor,
    timestep: float,
    labels: Tensor,
    scale: float,
) -> Tensor:
    """The guided velocity at one timestep, f32."""
    config, dtype = model.config, model.proj_out_2.weight.dtype
    side = x.shape[-1] // config.patch_size
    table = rotary_table(config.attention_head_dim, side, side, x.device)
    rows = x.to(dtype)
    if scale != 1:
        rows = rows.repeat(2, 1, 1, 1)
        labels = torch.cat((torch.full_like(labels, config.num_classes), labels))
    timesteps = torch.full((len(rows),), timestep, device=x.device)
    sizes = torch.full((len(rows),), side, device=x.device)
    v = network(rows, timesteps, labels, sizes, table).float()
    if scale == 1:
        return v
    null, conditional = v.chunk(2)
    return torch.lerp(null, conditional, scale)


def to_bytes(x: Tensor) -> Tensor:
    """Images in -1..1 as 8-bit values, channels last."""
    return ((x / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
