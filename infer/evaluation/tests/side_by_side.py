"""The same images through torch-fidelity, pytorch-fid, numpy and `infer evaluate`, side by side.

    pip install torch torchvision torch-fidelity pytorch-fid numpy scipy pillow
    python side_by_side.py INFER SAMPLES REFERENCE SCRATCH

SAMPLES and REFERENCE are folders of PNG files of one size, 1000 or more (KID's subsets have so many), that differ: of
sets alike FID is the difference of nearly equal numbers, and below 2048 images torch-fidelity's root of a singular
matrix has an error of its own. The weights are random: what is compared is the
evaluators, and anyone can make them. Prints a line for each number, and ends with 1 if one is further off than its bar.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytorch_fid.inception
import scipy.linalg
import torch
import torch_fidelity
from pytorch_fid.fid_score import calculate_fid_given_paths

infer, samples, reference, scratch = sys.argv[1:]
scratch = Path(scratch)
scratch.mkdir(parents=True, exist_ok=True)
weights = scratch / "random_inception.pth"
failed = False


def compare(name, ours, theirs, bar):
    global failed
    error = abs(ours - theirs) / abs(theirs) if theirs else abs(ours)
    failed |= not error <= bar
    print(f"{name:32} {ours:16.9g} {theirs:16.9g}  relative {error:.1e}  {'ok' if error <= bar else 'TOO FAR'} (bar {bar:g})")


def random_weights():
    """He's initialisation, and normalisations that are not the identity, from a fixed seed."""
    torch.manual_seed(1)
    network = pytorch_fid.inception._inception_v3(num_classes=1008, aux_logits=False, weights=None)
    from pytorch_fid import inception as fid

    network.Mixed_5b = fid.FIDInceptionA(192, pool_features=32)
    network.Mixed_5c = fid.FIDInceptionA(256, pool_features=64)
    network.Mixed_5d = fid.FIDInceptionA(288, pool_features=64)
    network.Mixed_6b = fid.FIDInceptionC(768, channels_7x7=128)
    network.Mixed_6c = fid.FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6d = fid.FIDInceptionC(768, channels_7x7=160)
    network.Mixed_6e = fid.FIDInceptionC(768, channels_7x7=192)
    network.Mixed_7b = fid.FIDInceptionE_1(1280)
    network.Mixed_7c = fid.FIDInceptionE_2(2048)
    for module in network.modules():
        if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear)):
            torch.nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
            torch.nn.init.normal_(module.bias, 0, 0.1)
    torch.save(network.state_dict(), weights)


def ours(*arguments):
    out = scratch / "ours.json"
    out.unlink(missing_ok=True)
    line = [infer, "evaluate", *arguments, "--device", "cpu", "--json", out]
    subprocess.run([str(part) for part in line], check=True, stdout=subprocess.DEVNULL)
    return {name: metric["value"] for name, metric in json.loads(out.read_text())["metrics"].items()}


def images(protocol, metrics, a=samples, b=reference):
    return ours("images", a, b, "--inception", weights, "--protocol", protocol, "--metrics", metrics)


def root(sigma):
    values, vectors = np.linalg.eigh(sigma)
    kept = values > values.max() * len(values) * np.finfo(float).eps
    return vectors[:, kept] * np.sqrt(values[kept])


def side_by_side():
    theirs = torch_fidelity.calculate_metrics(
        input1=samples, input2=reference, fid=True, kid=True, prc=True, isc=True, cuda=False, verbose=False,
        feature_extractor="inception-v3-compat",
        feature_extractor_weights_path=str(weights), cache=False,
    )
    found = images("torch-fidelity", "frechet,kernel,neighbours,score")
    compare("FID, torch-fidelity", found["fid"], theirs["frechet_inception_distance"], 1e-3)
    compare("KID, torch-fidelity", found["kid"], theirs["kernel_inception_distance_mean"], 1e-3)
    compare("precision, torch-fidelity", found["precision"], theirs["precision"], 1e-3)
    compare("recall, torch-fidelity", found["recall"], theirs["recall"], 1e-3)
    compare("IS, torch-fidelity", found["is"], theirs["inception_score_mean"], 1e-3)
    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: torch.load(weights)
    fid = calculate_fid_given_paths([samples, reference], 50, "cpu", 2048, num_workers=0)
    compare("FID, pytorch-fid", images("pytorch-fid", "frechet")["fid"], fid, 1e-3)
    # ADM: its formula in numpy's float64 on the statistics that we write.
    files = [scratch / f"{name}.npz" for name in ("samples", "reference")]
    for file, folder in zip(files, (samples, reference)):
        file.unlink(missing_ok=True)
        subprocess.run([infer, "evaluate", "reference", folder, str(file), "--inception", str(weights), "--device", "cpu"],
                       check=True, stdout=subprocess.DEVNULL)
    one, other = (np.load(file) for file in files)
    found = ours("images", *files, "--metrics", "frechet")
    for name, mu, sigma in (("fid", "mu", "sigma"), ("sfid", "mu_s", "sigma_s")):
        a, b = one[sigma].astype(np.float64), other[sigma].astype(np.float64)
        # tr (S1 S2)^(1/2) is the sum of the singular values of R1^T R2, with S = R R^T. `eigvals(S1 @ S2)` would do
        # for full rank only: the root of a rounding error is a million times as large.
        trace = scipy.linalg.svdvals(root(a).T @ root(b)).sum()
        distance = ((one[mu] - other[mu]) ** 2).sum() + np.trace(a) + np.trace(b) - 2 * trace
        compare(f"{name}, numpy float64", found[name], distance, 1e-6)


random_weights()
side_by_side()
sys.exit(failed)
