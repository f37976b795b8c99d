"""The loop everybody writes: torchvision's data set, PIL transforms, a DataLoader, and `.item()` on every step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

Images = Dataset[tuple[torch.Tensor, int]]


def train(model: nn.Module, data: Images, *, workers: int, batch_size: int, **settings: Any) -> Iterator[float]:
    """Train for ever, yielding the loss after each step; `settings` are those of torch.optim.SGD."""
    loader = DataLoader(data, batch_size=batch_size, shuffle=True, drop_last=True, num_workers=workers)
    optimiser = torch.optim.SGD(model.parameters(), **settings)
    model.train()
    while True:
        for images, labels in loader:
            optimiser.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            yield loss.item()


def cifar10(folder: Path) -> Images:
    """CIFAR-10 as He et al. 2015 augment it: pad, crop, mirror, normalise."""
    steps = [
        transforms.RandomCrop(32, 4),
        transforms.RandomHorizontalFlip(),
        transforms.ToTensor(),
        transforms.Normalize((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    ]
    images: Images = datasets.CIFAR10(folder, train=True, transform=transforms.Compose(steps), download=False)
    return images


def mnist(folder: Path) -> Images:
    """MNIST at 32x32 as LeNet-5 wants it, normalised."""
    steps = [transforms.Pad(2), transforms.ToTensor(), transforms.Normalize((0.1000,), (0.2752,))]
    images: Images = datasets.MNIST(folder, train=True, transform=transforms.Compose(steps), download=False)
    return images
