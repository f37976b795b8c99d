"""The nets of a small project that its continuous integration watches."""

from torch import Tensor, nn


class Small(nn.Module):
    """Two layers of 3x3 filters, their mean over 2x2 pixels, one linear layer."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.ReLU(),
            nn.AvgPool2d(2),
        )
        self.classify = nn.Linear(16 * width, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images [n, 1, 8, 8] -> scores [n, classes]."""
        scores: Tensor = self.classify(self.features(images).flatten(1))
        return scores


def small(*, width: int, classes: int = 10) -> Small:
    """The net with so many filters in each layer."""
    return Small(width, classes)
