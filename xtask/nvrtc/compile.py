"""Compiles the attention kernels' CUDA source with NVRTC, which needs no GPU, and says what they use.

    pip install "cuda-bindings" nvidia-cuda-nvrtc nvidia-cuda-runtime nvidia-cuda-crt
    CUDA_SOURCES=kernels cargo test -p burn-pixelflow --features flex,cuda-source --lib sources -- --ignored
    python xtask/nvrtc/compile.py model/kernels sm_80 sm_90
"""

import pathlib
import re
import sys

import nvidia
from cuda.bindings import nvrtc


def include_folder() -> str:
    found = [p for root in nvidia.__path__ for p in pathlib.Path(root).glob("*/include/mma.h")]
    if not found:
        sys.exit("no mma.h: pip install nvidia-cuda-runtime nvidia-cuda-crt")
    return str(found[0].parent)


def compile_for(source: bytes, architecture: str) -> tuple[bool, str]:
    """Whether it compiles, and the compiler's log."""
    _, program = nvrtc.nvrtcCreateProgram(source, b"kernel.cu", 0, [], [])
    options = [
        f"--gpu-architecture={architecture}".encode(),
        f"--include-path={include_folder()}".encode(),
        b"--ptxas-options=-v",
    ]
    (error,) = nvrtc.nvrtcCompileProgram(program, len(options), options)
    _, size = nvrtc.nvrtcGetProgramLogSize(program)
    log = b" " * size
    nvrtc.nvrtcGetProgramLog(program, log)
    return int(error) == 0, log.decode()


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sources = sorted(pathlib.Path(sys.argv[1]).glob("*.cu"))
    if not sources:
        sys.exit(f"{sys.argv[1]} has no *.cu")
    failed = 0
    for source in sources:
        for architecture in sys.argv[2:]:
            compiles, log = compile_for(source.read_bytes(), architecture)
            failed += not compiles
            found = re.findall(r"(\d+) bytes spill stores|Used (\d+) registers", log)
            spilled = [int(spill) for spill, _ in found if spill]
            registers = [int(used) for _, used in found if used]
            said = f"{registers} registers, {spilled} bytes spilled" if compiles else log
            print(f"{source.stem:40} {architecture} {said}")
    sys.exit(f"{failed} do not compile" if failed else 0)


if __name__ == "__main__":
    main()
