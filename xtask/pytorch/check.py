"""Compares the model, its gradients and the sampler with golden numbers."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from model import Config, PixelFlow, Run, packed_loss, rotary_table
from sampler import TRAIN_TIMESTEPS, sample, stages
from timing import Settings

LIMITS = {torch.float32: 3e-5, torch.bfloat16: 9e-2, torch.float16: 2e-2}
"""Relative L2 errors. Ten times what f32 and bf16 autocast themselves do to these numbers; f16
rounds eight times finer than bf16."""


class Check:
    """Golden files of one folder, and the verdict so far."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder = folder
        self.settings = settings
        self.manifest = json.loads((folder / "manifest.json").read_text())["files"]
        self.failed = 0

    def tensors(self, name: str) -> dict[str, Tensor]:
        return load_file(self.folder / name, device=str(self.settings.device))

    def model(self, name: str) -> PixelFlow:
        given = dict(self.manifest[name]["config"])
        given["channels"] = given.pop("in_channels")
        del given["out_channels"]
        model = PixelFlow(Config(**given)).to(self.settings.device)
        model.load_state_dict(self.tensors(name))
        return model.to(self.settings.dtype)

    def compare(self, what: str, found: Tensor, expected: Tensor) -> None:
        found, expected = found.detach().double(), expected.double()
        error = ((found - expected).norm() / expected.norm()).item()
        passed = error <= LIMITS[self.settings.dtype]  # False for NaN, too.
        self.failed += not passed
        record = {"check": what, "rel_l2": error, "passed": passed}
        print(json.dumps(record))
        print(f"{what:<44} {error:9.2e}  {'ok' if passed else 'FAILED'}", file=sys.stderr)


def check(settings: Settings, folder: Path) -> bool:
    """All comparisons; whether all passed."""
    state = Check(folder, settings)
    for name in ("cls_a", "cls_b", "cls_c"):
        check_forward(state, name)
    check_training(state)
    check_schedule(state)
    check_sampling(state)
    return state.failed == 0


@torch.inference_mode()
def check_forward(state: Check, name: str) -> None:
    """Outputs of the dense forward, f64 truth."""
    model, golden = state.model(f"{name}.safetensors"), state.tensors(f"{name}_forward.safetensors")
    config, patch = model.config, model.config.patch_size
    network = state.settings.compiled(model)
    for case in sorted({key.split("/")[0] for key in golden}):
        image = golden[f"{case}/x"]
        height, width = (side // patch for side in image.shape[-2:])
        out = network(
            image.to(state.settings.dtype),
            golden[f"{case}/timestep"],
            golden[f"{case}/labels"],
            golden[f"{case}/latent_size"],
            rotary_table(config.attention_head_dim, height, width, image.device),
        )
        state.compare(f"{name} {case} {height}x{width} tokens", out, golden[f"{case}/out_f64"])


def check_training(state: Check) -> None:
    """Packed forward, loss, all gradients, and in f32 the parameters after AdamW steps."""
    model, batch = state.model("cls_a.safetensors"), state.tensors("train_batch.safetensors")
    runs = runs_of(batch["seqlens"].tolist())
    table = model.tables(runs, state.settings.device)
    network = state.settings.compiled(model.forward_packed)
    state.compare("rotary table", table[:, 0].repeat_interleave(2, dim=1), batch["pos_embed"])

    def step() -> tuple[Tensor, Tensor]:
        model.zero_grad()
        out = network(
            batch["xt"].to(state.settings.dtype),
            batch["timesteps"],
            batch["effective_labels"],
            batch["latent_size"],
            table,
            runs,
        )
        loss = packed_loss(out, batch["target"], runs)
        loss.backward()
        return out, loss

    out, loss = step()
    state.compare("packed output", out, batch["model_out_f64"])
    state.compare("packed loss", loss, batch["loss_f64"])
    check_gradients(state, model)
    if state.settings.dtype is torch.float32:
        check_optimizer(state, model, step)


def runs_of(lengths: list[int]) -> list[Run]:
    """Runs of equally long, square examples."""
    runs: list[Run] = []
    for length in lengths:
        side = round(length**0.5)
        if runs and runs[-1].length == length:
            runs[-1] = runs[-1]._replace(examples=runs[-1].examples + 1)
        else:
            runs.append(Run(1, side, side))
    return runs


def check_gradients(state: Check, model: PixelFlow) -> None:
    golden = state.tensors("train_grads.safetensors")
    parameters = model.named_parameters()
    found = {name: p.grad for name, p in parameters if p.grad is not None}
    if missing := golden.keys() ^ found.keys():
        raise SystemExit(f"names of parameters differ: {sorted(missing)}")
    together = [torch.cat([x[name].flatten() for name in golden]) for x in (found, golden)]
    state.compare(f"gradients, {len(golden)} parameters together", *together)
    errors = {
        name: ((found[name].double() - g.double()).norm() / g.double().norm()).item()
        for name, g in golden.items()
    }
    worst = max(errors, key=lambda name: errors[name])
    state.compare(f"worst: {worst}", found[worst], golden[worst])


def check_optimizer(state: Check, model: PixelFlow, step: Callable[[], object]) -> None:
    """Three steps with the benchmark's settings, on the batch whose gradients are there."""
    golden = state.tensors("train_steps.safetensors")
    parameters = list(model.parameters())
    optimizer = torch.optim.AdamW(parameters, lr=1e-4, weight_decay=0.0, fused=True)
    start = [parameter.detach().clone() for parameter in parameters]
    for number in range(3):
        if number > 0:
            step()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
    expected = [golden[f"wd0/step3/{name}"] for name, _ in model.named_parameters()]
    flat = [torch.cat([x.flatten() for x in xs]) for xs in (parameters, expected, start)]
    state.compare("parameters after 3 AdamW steps", flat[0], flat[1])
    moved = (flat[1] - flat[2]).norm() / flat[1].norm()
    print(f"  (the steps moved them by {moved.item():.1e})", file=sys.stderr)


def check_schedule(state: Check) -> None:
    """First and last network timestep of every stage."""
    golden = state.tensors("scheduler_tables.safetensors")
    for count in (2, 4):
        tables = [
            golden[f"Timesteps_per_stage/{TRAIN_TIMESTEPS}_{count}/{s}"] for s in range(count)
        ]
        found = [[stage.first_timestep, stage.last_timestep] for stage in stages(count)]
        expected = torch.stack([torch.stack((table[0], table[-1])) for table in tables])
        state.compare(
            f"timesteps of {count} stages", torch.tensor(found, dtype=torch.float64), expected
        )


@torch.inference_mode()
def check_sampling(state: Check) -> None:
    """A whole trajectory, with the golden file's times, guidance scales and noise."""
    name = "euler_small_classes_0.safetensors"
    about, golden = state.manifest[name], state.tensors(name)
    model = state.model(about["weights"])
    x = sample(
        state.settings.compiled(model),
        model,
        golden["labels"],
        golden["init_noise"],
        [golden_times(steps, about["shift"]) for steps in about["steps"]],
        about["cfg_per_stage"],
        lambda stage, _like: golden[f"block_noise/stage{stage}"],
    )
    pixels = (x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    state.compare("Euler samples", pixels, golden["samples_f64"])


def golden_times(steps: int, shift: float) -> list[float]:
    """The times the golden trajectories were made with: their last step has length 1 / N."""
    last = (TRAIN_TIMESTEPS - 1) / TRAIN_TIMESTEPS
    even = [last * step / max(1, steps - 1) for step in range(steps)]
    return [t / (shift + (1 - shift) * t) for t in even] + [1.0]
