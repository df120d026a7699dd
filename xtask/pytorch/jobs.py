"""The benchmark's jobs: what is built, and what is timed."""

from collections.abc import Callable, Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from flops import BACKWARD, TRAIN, attention_flop, forward_flop, matmul_flop
from model import Config, PixelFlow, Run, packed_loss, random_model, rotary_table
from sampler import block_noise, even_times, guidance_scales, sample, to_bytes
from timing import Settings, Timing, measure, peak_bytes, report, reset_peak

XL_HEADS, XL_HEAD_DIM = 16, 72
LEARNING_RATE, CLIP_NORM, EMA_DECAY = 1e-4, 1.0, 0.9999
TRAIN_SIDES = (16, 8, 4, 2)
"""Sides in tokens of the stages of 64 x 64 images in patches of 4, highest resolution first."""
EXAMPLES_A_STAGE = 4
GUIDANCE = 2.4


def default_batch(tokens: int) -> int:
    return 2 if tokens <= 1024 else 1


def xl_config(depth: int) -> Config:
    """The paper's ImageNet model but for its depth, 28."""
    return Config(XL_HEADS, XL_HEAD_DIM, depth, num_classes=1000)


def prepared(settings: Settings, config: Config) -> PixelFlow:
    return random_model(config).to(settings.device, settings.dtype)


def block_time(deep: Timing, shallow: Timing, blocks: int) -> Timing:
    """Time of one block from models that differ by `blocks`: what they share cancels."""
    pairs = zip(deep.seconds, shallow.seconds, strict=True)
    return Timing([(d - s) / blocks for d, s in pairs], deep.calls)


@torch.inference_mode()
def forward(settings: Settings, token_counts: Sequence[int], batch: int | None, depth: int) -> None:
    """The XL model on square images; then one of its blocks, from depths 1 and 3."""
    for tokens in token_counts:
        rows = batch or default_batch(tokens)
        lengths = [tokens] * rows
        case = {"tokens": tokens, "batch": rows}

        reset_peak(settings.device)
        [whole] = time_forward(settings, tokens, rows, [depth])
        peak = peak_bytes(settings.device)
        flop = forward_flop(xl_config(depth), lengths)
        report(settings, "forward", {**case, "depth": depth}, whole, flop, peak)

        shallow, deep = time_forward(settings, tokens, rows, [1, 3])
        flop = (forward_flop(xl_config(3), lengths) - forward_flop(xl_config(1), lengths)) // 2
        report(settings, "forward.block", case, block_time(deep, shallow, 2), flop)


def time_forward(settings: Settings, tokens: int, batch: int, depths: list[int]) -> list[Timing]:
    """Models of several depths on the same images, in turns."""
    device, dtype = settings.device, settings.dtype
    side = round(tokens**0.5)
    if side * side != tokens:
        raise SystemExit(f"--tokens {tokens}: images are square, so it must be a square number")
    models = [prepared(settings, xl_config(depth)).eval() for depth in depths]
    pixels = side * models[0].config.patch_size
    inputs = (
        torch.randn(batch, 3, pixels, pixels, device=device, dtype=dtype),
        torch.full((batch,), 500.0, device=device),
        torch.arange(batch, device=device),
        torch.full((batch,), side, device=device),
        rotary_table(XL_HEAD_DIM, side, side, device),
    )
    networks = [settings.compiled(model) for model in models]
    return measure(settings, *(lambda n=network: n(*inputs) for network in networks))


class TrainingStep:
    """Forward, loss, backward, clipping, AdamW and moving average on one packed batch."""

    def __init__(self, settings: Settings, model: PixelFlow, runs: list[Run]) -> None:
        device, dtype = settings.device, settings.dtype
        examples, tokens = sum(run.examples for run in runs), sum(run.tokens for run in runs)
        sides = [run.height for run in runs for _ in range(run.examples)]
        features = model.config.patch_features
        self.runs = runs
        self.parameters = list(model.parameters())
        self.average = [parameter.detach().clone() for parameter in self.parameters]
        self.update_average = get_ema_multi_avg_fn(EMA_DECAY)
        self.optimizer = torch.optim.AdamW(
            self.parameters, lr=LEARNING_RATE, weight_decay=0.0, fused=True
        )
        self.network = settings.compiled(model.forward_packed)
        self.inputs = (
            torch.randn(tokens, features, device=device, dtype=dtype),
            torch.rand(examples, device=device) * 999,
            torch.randint(model.config.num_classes, (examples,), device=device),
            torch.tensor(sides, device=device),
            model.tables(runs, device),
        )
        self.target = torch.randn(tokens, features, device=device)

    def __call__(self) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        loss = packed_loss(self.network(*self.inputs, self.runs), self.target, self.runs)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, CLIP_NORM)
        self.optimizer.step()
        self.update_average(self.average, self.parameters, None)
        return loss


def train(settings: Settings) -> None:
    """One step on 16 images, four of each stage: 1360 tokens."""
    config = Config(6, 64, depth=6, num_classes=10)
    runs = [Run(EXAMPLES_A_STAGE, side, side) for side in TRAIN_SIDES]
    lengths = [run.length for run in runs for _ in range(run.examples)]

    reset_peak(settings.device)
    step = TrainingStep(settings, prepared(settings, config).train(), runs)
    [timing] = measure(settings, step)
    peak = peak_bytes(settings.device)
    case = {"tokens": sum(lengths), "examples": len(lengths)}
    report(settings, "train", case, timing, TRAIN * forward_flop(config, lengths), peak)


def attention(
    settings: Settings, token_counts: Sequence[int], batch: int | None, heads: int, head_dim: int
) -> None:
    """Scaled dot-product attention alone, in the model's layout: tokens before heads in memory."""
    for tokens in token_counts:
        rows = batch or default_batch(tokens)
        case = {"tokens": tokens, "batch": rows, "heads": heads, "head_dim": head_dim}
        memory = torch.randn(
            (4, rows, tokens, heads, head_dim), device=settings.device, dtype=settings.dtype
        )
        q, k, v, gradient = memory.transpose(2, 3)
        flop = attention_flop(rows, heads, tokens, head_dim)
        time_attention(settings, case, flop, (q, k, v), gradient)


def time_attention(
    settings: Settings,
    case: Mapping[str, object],
    flop: int,
    inputs: tuple[Tensor, Tensor, Tensor],
    gradient: Tensor,
) -> None:
    """Forward for inference, then backward without the forward before it."""
    reset_peak(settings.device)
    with torch.inference_mode():
        [timing] = measure(settings, lambda: F.scaled_dot_product_attention(*inputs))
    report(settings, "attention.forward", case, timing, flop, peak_bytes(settings.device))

    q, k, v = (x.detach().requires_grad_() for x in inputs)
    reset_peak(settings.device)
    out = F.scaled_dot_product_attention(q, k, v)
    [timing] = measure(
        settings, lambda: torch.autograd.grad(out, (q, k, v), gradient, retain_graph=True)
    )
    peak = peak_bytes(settings.device)
    report(settings, "attention.backward", case, timing, BACKWARD * flop, peak)


@torch.inference_mode()
def gemm(settings: Settings, token_counts: Sequence[int], width: int) -> None:
    """The matrix products of a block alone: what this machine can reach at these sizes."""
    shapes = {
        "qkv": (width, 3 * width),
        "o": (width, width),
        "fc1": (width, 4 * width),
        "fc2": (4 * width, width),
    }
    for tokens in token_counts:
        reset_peak(settings.device)
        products = [random_product(settings, tokens, k, n) for k, n in shapes.values()]
        timings = measure(settings, *products)
        peak = peak_bytes(settings.device)
        flops = [matmul_flop(tokens, k, n) for k, n in shapes.values()]
        for (name, (k, n)), timing, flop in zip(shapes.items(), timings, flops, strict=True):
            case = {"m": tokens, "k": k, "n": n}
            report(settings, f"gemm.{name}", case, timing, flop)
        together = [sum(seconds) for seconds in zip(*(t.seconds for t in timings), strict=True)]
        case = {"m": tokens, "width": width}
        report(settings, "gemm.all", case, Timing(together, 1), sum(flops), peak)


def random_product(settings: Settings, m: int, k: int, n: int) -> Callable[[], Tensor]:
    """Multiplies `[m, k]` by the transpose of a `[n, k]` weight, as a linear layer does."""
    x = torch.randn(m, k, device=settings.device, dtype=settings.dtype)
    weight = torch.randn(n, k, device=settings.device, dtype=settings.dtype)
    return lambda: F.linear(x, weight)


@torch.inference_mode()
def sampling(settings: Settings, images: int, steps: int) -> None:
    """The demo model draws: three stages, 8 x 8 to 32 x 32 pixels, even Euler steps."""
    count, resolution = 3, 32
    config = Config(4, 64, depth=6, num_classes=16)
    device = settings.device
    scales = guidance_scales(GUIDANCE, count)
    sides = [(resolution >> (count - 1 - stage)) for stage in range(count)]

    reset_peak(device)
    model = prepared(settings, config).eval()
    network = settings.compiled(model)
    labels = torch.arange(images, device=device) % config.num_classes
    times = [even_times(steps)] * count

    def draw() -> Tensor:
        generator = torch.Generator(device).manual_seed(1)
        noise = torch.randn(images, 3, sides[0], sides[0], device=device, generator=generator)

        def fresh(_stage: int, like: Tensor) -> Tensor:
            return block_noise(like, generator)

        return to_bytes(sample(network, model, labels, noise, times, scales, fresh))

    [timing] = measure(settings, draw)
    peak = peak_bytes(device)
    flop = 0
    for side, scale in zip(sides, scales, strict=True):
        rows = images if scale == 1 else 2 * images
        flop += steps * forward_flop(config, [(side // config.patch_size) ** 2] * rows)
    case = {"images": images, "steps": steps, "stages": count}
    report(settings, "sample", case, timing, flop, peak)
