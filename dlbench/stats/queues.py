"""What is known of queues by formula."""

from __future__ import annotations

import math


def settling_requests(load: float) -> float:
    """After about how many requests a queue that was empty has its usual length; infinite from a load of 1.

    Ten times the relaxation time of Odoni and Roth (1983) for a Poisson process and service of one length.
    """
    return 10 * load / (2.8 * (1 - math.sqrt(load)) ** 2) if load < 1 else math.inf
