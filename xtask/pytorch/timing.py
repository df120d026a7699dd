"""Repetitions, peak memory, and the record each measurement becomes."""

import ctypes
import gc
import json
import math
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

MAX_CALLS = 1000


@dataclass(frozen=True)
class Settings:
    """What all jobs have in common."""

    device: torch.device
    dtype: torch.dtype
    threads: int
    repeat: int
    warmup: int
    min_time: float
    compile: bool

    @property
    def dtype_name(self) -> str:
        names = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}
        return names[self.dtype]

    def compiled(self, function: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """The function itself, or its compiled form."""
        return torch.compile(function, dynamic=False) if self.compile else function


@dataclass(frozen=True)
class Timing:
    """Seconds of one call, for each repetition, and how many calls a repetition had."""

    seconds: list[float]
    calls: int


def measure(settings: Settings, *functions: Callable[[], object]) -> list[Timing]:
    """Times functions in turns, so that a change of clock meets all of them.

    A repetition calls its function as often as `min_time` asks for.
    """
    calls = []
    for function in functions:
        for _ in range(settings.warmup):
            function()
        once = timed(settings.device, function, 1)
        calls.append(min(MAX_CALLS, max(1, math.ceil(settings.min_time / once))))
    rounds = [
        [timed(settings.device, function, n) for function, n in zip(functions, calls, strict=True)]
        for _ in range(settings.repeat)
    ]
    columns = zip(*rounds, strict=True)
    return [Timing(list(column), n) for column, n in zip(columns, calls, strict=True)]


def timed(device: torch.device, function: Callable[[], object], calls: int) -> float:
    """Seconds of a call, the mean of `calls`; waits for the device only at both ends."""
    synchronize(device)
    start = time.perf_counter()
    for _ in range(calls):
        function()
    synchronize(device)
    return (time.perf_counter() - start) / calls


def synchronize(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def reset_peak(device: torch.device) -> None:
    """Starts a new measurement of peak memory; what earlier jobs left is given back."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(device)
    else:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
            Path("/proc/self/clear_refs").write_text("5")


def peak_bytes(device: torch.device) -> int | None:
    """Most memory since `reset_peak`: PyTorch's tensors on CUDA, the whole process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return process_bytes("VmHWM")


def process_bytes(field: str) -> int | None:
    """What Linux says of this process's memory."""
    with suppress(OSError):
        status = Path("/proc/self/status").read_text()
        if found := re.search(rf"^{field}:\s*(\d+) kB", status, re.MULTILINE):
            return 1024 * int(found[1])
    return None


BASE_BYTES = process_bytes("VmRSS")
"""Memory of a process that has loaded PyTorch and done nothing."""


def device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    with suppress(OSError):
        cpus = Path("/proc/cpuinfo").read_text()
        if found := re.search(r"^model name\s*: (.*)", cpus, re.MULTILINE):
            return found[1]
    return platform.processor()


def report(
    settings: Settings,
    job: str,
    case: Mapping[str, object],
    timing: Timing,
    flop: int,
    peak: int | None = None,
) -> None:
    """One JSON line to stdout, one row of the table to stderr."""
    median = statistics.median(timing.seconds)
    record = {
        "job": job,
        "case": case,
        "device": settings.device.type,
        "device_name": device_name(settings.device),
        "dtype": settings.dtype_name,
        "threads": settings.threads,
        "compile": settings.compile,
        "torch": torch.__version__,
        "calls": timing.calls,
        "seconds": timing.seconds,
        "median": median,
        "gflop": flop / 1e9,
        "gflops_per_s": flop / 1e9 / median,
        "peak_bytes": peak,
        "base_bytes": 0 if settings.device.type == "cuda" else BASE_BYTES,
    }
    print(json.dumps(record), flush=True)
    what = " ".join(f"{key}={value}" for key, value in case.items())
    memory = "" if peak is None else f"{peak / 2**20:9.0f} MiB"
    row = (
        f"{job:<19} {what:<38} {median * 1e3:11.3f} ms  "
        f"[{min(timing.seconds) * 1e3:.3f} .. {max(timing.seconds) * 1e3:.3f}]  "
        f"{flop / 1e9:10.3f} GFLOP {flop / 1e9 / median:10.1f} GFLOP/s {memory}"
    )
    print(row, file=sys.stderr, flush=True)
