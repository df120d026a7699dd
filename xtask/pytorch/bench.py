#!/usr/bin/env python3
"""PixelFlow in PyTorch, timed: the other side of this project's own benchmark.

Each measurement is one JSON line on stdout and one row of a table on stderr.
"""

import argparse
import sys
from pathlib import Path

import torch

import check
import jobs
from timing import Settings

DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16, "f16": torch.float16}
TOKENS = (64, 256, 1024, 4096)


def numbers(text: str) -> list[int]:
    """A list such as `64,256`."""
    values = [int(part) for part in text.split(",")]
    if min(values) < 1:
        raise ValueError
    return values


def positive(text: str) -> int:
    [value] = numbers(text)
    return value


def common_options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(add_help=False)
    add = options.add_argument
    add("--device", choices=("cpu", "cuda"), default="cpu")
    add("--dtype", choices=DTYPES, default="f32", help="of weights and activations")
    add("--threads", type=positive, default=2, help="threads of the CPU (default %(default)s)")
    add("--repeat", type=positive, default=5, help="repetitions (default %(default)s)")
    add("--warmup", type=int, default=1, help="untimed calls before them (default %(default)s)")
    add(
        "--min-time",
        type=float,
        default=0.1,
        metavar="SECONDS",
        help="a repetition calls the function until about this long (default %(default)s)",
    )
    options.set_defaults(compile=False)
    return options


def add_compile(command: argparse.ArgumentParser) -> None:
    command.add_argument("--compile", action="store_true", help="with torch.compile")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="job", required=True, metavar="JOB")
    common = [common_options()]

    command = commands.add_parser("check", parents=common, help="compare with golden numbers")
    command.add_argument("--fixtures", type=Path, required=True, metavar="DIR")
    add_compile(command)

    command = commands.add_parser("forward", parents=common, help="XL model, and a block of it")
    add_tokens(command)
    command.add_argument("--depth", type=positive, default=2)
    add_compile(command)

    command = commands.add_parser("train", parents=common, help="a step on a packed batch")
    add_compile(command)

    command = commands.add_parser("attention", parents=common, help="forward and backward alone")
    add_tokens(command)
    command.add_argument("--heads", type=positive, default=jobs.XL_HEADS)
    command.add_argument("--head-dim", type=positive, default=jobs.XL_HEAD_DIM)

    command = commands.add_parser("gemm", parents=common, help="a block's matrix products alone")
    command.add_argument("--tokens", type=numbers, default=TOKENS, help="rows: tokens x batch")
    command.add_argument("--width", type=positive, default=jobs.XL_HEADS * jobs.XL_HEAD_DIM)

    command = commands.add_parser("sample", parents=common, help="images of the demo's model")
    command.add_argument("--images", type=positive, default=64)
    command.add_argument("--steps", type=positive, default=16, help="Euler steps a stage")
    add_compile(command)
    return parser.parse_args()


def add_tokens(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--tokens", type=numbers, default=TOKENS, help="tokens of an image, a list"
    )
    command.add_argument("--batch", type=positive, help="default: 2, above 1024 tokens 1")


def settings_of(args: argparse.Namespace) -> Settings:
    if args.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("--device cuda: PyTorch finds no GPU here")
    torch.set_num_threads(args.threads)
    torch.set_float32_matmul_precision("highest")  # f32 is f32: no TF32, no bf16.
    torch.backends.cudnn.allow_tf32 = False
    if args.compile:  # Every size is compiled for itself; never fall back to eager in silence.
        torch._dynamo.config.recompile_limit = 64
        torch._dynamo.config.fail_on_recompile_limit_hit = True
    return Settings(
        device=torch.device(args.device),
        dtype=DTYPES[args.dtype],
        threads=args.threads,
        repeat=args.repeat,
        warmup=args.warmup,
        min_time=args.min_time,
        compile=args.compile,
    )


def main() -> None:
    args = arguments()
    settings = settings_of(args)
    match args.job:
        case "check":
            sys.exit(0 if check.check(settings, args.fixtures) else 1)
        case "forward":
            jobs.forward(settings, args.tokens, args.batch, args.depth)
        case "train":
            jobs.train(settings)
        case "attention":
            jobs.attention(settings, args.tokens, args.batch, args.heads, args.head_dim)
        case "gemm":
            jobs.gemm(settings, args.tokens, args.width)
        case "sample":
            jobs.sampling(settings, args.images, args.steps)


if __name__ == "__main__":
    main()
