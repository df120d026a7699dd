"""How many images a second one thread of torchvision makes ready: see throughput.rs."""
import sys
import time

import torch
from torchvision import datasets, transforms

torch.set_num_threads(1)
resize = transforms.Resize(256, transforms.InterpolationMode.BICUBIC)
steps = [resize, transforms.CenterCrop(256), transforms.RandomHorizontalFlip(), transforms.ToTensor()]
normalise = transforms.Normalize([0.5] * 3, [0.5] * 3)
images = datasets.ImageFolder(sys.argv[1], transforms.Compose([*steps, normalise]))
best = 0.0
for _ in range(3):
    begun = time.perf_counter()
    total = sum(float(images[number][0][0, 0, 0]) for number in range(len(images)))
    rate = len(images) / (time.perf_counter() - begun)
    print(f"{rate:.1f} images/s ({total:.3f})")
    best = max(best, rate)
print(f"best {best:.1f} images/s of {len(images)} images")
