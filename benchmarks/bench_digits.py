"""One epoch on real digits: cnnlib ÷ PyTorch; and the accuracy reached on digits not seen in training."""

from statistics import mean, median

import numpy as np

from benchmarks.timing import note, paired, ratio, torch
from cnnlib import (
    SGD,
    Conv2d,
    Dense,
    Flatten,
    MaxPool2d,
    ReLU,
    Sequential,
    cross_entropy,
    cross_entropy_backward,
    fit,
)
from cnnlib.data import load_digits, split_digits

BATCH, RATE, MOMENTUM = 32, 0.05, 0.9


def library_net(rng, first=8, second=16):
    """Two convolutions with a pooling between them, then ten logits."""
    return Sequential(
        Conv2d(1, first, 3, padding=1, rng=rng),
        ReLU(),
        MaxPool2d(2),
        Conv2d(first, second, 3, padding=1, rng=rng),
        ReLU(),
        Flatten(),
        Dense(second * 16, 10, rng=rng),
    )


def library_epoch(net, optimiser, x, t, rng):
    """Visit all samples once."""
    order = rng.permutation(len(x))
    for start in range(0, len(x), BATCH):
        batch = order[start : start + BATCH]
        logits = net(x[batch])
        net.backward(cross_entropy_backward(logits, t[batch]), with_dx=False)
        optimiser.step(net.grads())


def torch_net():
    """Build the same network in PyTorch."""
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(256, 10),
    )


def torch_epoch(net, optimiser, x, t):
    """Visit all samples once, in PyTorch."""
    order = torch.randperm(len(x))
    for start in range(0, len(x), BATCH):
        batch = order[start : start + BATCH]
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(net(x[batch]), t[batch]).backward()
        optimiser.step()


def epoch_row(seconds=6.0):
    """Time one epoch on the 1437 training digits."""
    note("digits: one epoch")
    rng = np.random.default_rng(0)
    x, t, _, _ = split_digits(rng)
    net = library_net(rng)
    optimiser = SGD(net.params(), lr=RATE, momentum=MOMENTUM)
    ways = {"library": lambda: library_epoch(net, optimiser, x, t, rng)}
    if torch:
        torch.manual_seed(0)
        other = torch_net()
        sgd = torch.optim.SGD(other.parameters(), lr=RATE, momentum=MOMENTUM)
        images, classes = torch.from_numpy(x), torch.from_numpy(t)
        ways["torch"] = lambda: torch_epoch(other, sgd, images, classes)
    times = paired(ways, seconds=seconds)
    return {"time": median(times["library"]), "torch": ratio(times, "library", "torch"), "images": len(x)}


def train(net, x, t, rng, epochs, rates):
    """Train in stages, each with its learning rate and number of epochs."""
    loss = cross_entropy, cross_entropy_backward
    for rate, share in rates:
        optimiser = SGD(net.params(), lr=rate, momentum=MOMENTUM)
        fit(
            net, x, t, loss=loss, optimiser=optimiser, epochs=round(epochs * share), batch_size=BATCH, rng=rng
        )
    return net


def accuracy(net, x, t):
    """Return the share of images whose largest logit is the right one."""
    return float((net(x).argmax(axis=1) == t).mean())


def split_accuracies(seeds=5, epochs=10):
    """Train on 1437 digits and test on the other 360, from several seeds."""
    note(f"digits: accuracy after {epochs} epochs, {seeds} seeds")
    results = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        x, t, x_test, t_test = split_digits(rng)
        results.append(accuracy(train(library_net(rng), x, t, rng, epochs, [(RATE, 1)]), x_test, t_test))
    return results


def fold_accuracies(folds=5, epochs=30):
    """Cross-validate 16 and 32 filters; the last third of the epochs runs at a tenth of the rate."""
    note(f"digits: {folds} folds, 16 and 32 filters, {epochs} epochs")
    x, t = load_digits()
    rng = np.random.default_rng(0)
    order, results = rng.permutation(len(x)), []
    for fold in range(folds):
        test = order[fold::folds]
        rest = np.setdiff1d(order, test)
        net = train(
            library_net(rng, 16, 32), x[rest], t[rest], rng, epochs, [(RATE, 2 / 3), (RATE / 10, 1 / 3)]
        )
        results.append(accuracy(net, x[test], t[test]))
    return results


RECIPES = {
    "8 and 16 filters, 10 epochs, 360 test images, 5 seeds": split_accuracies,
    "16 and 32 filters, 30 epochs, 5 folds of all 1797 images": fold_accuracies,
}


def accuracy_rows():
    """Return one dict per training recipe."""
    results = {text: run() for text, run in RECIPES.items()}
    return [
        {"recipe": text, "mean": mean(values), "lowest": min(values), "highest": max(values)}
        for text, values in results.items()
    ]
