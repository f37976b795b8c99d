"""The search for a batch size: the best, and the largest that fits into memory.

Sizes are powers of two. On an accelerator the largest is found by trying: what does not fit raises OutOfMemoryError and
does no harm. A CPU lets a process take more than there is, and kills it, or others, later; so there the largest is
worked out from how the process grew from the smallest to the largest size tried, and not tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import psutil

from dlbench.measure import memory
from dlbench.records.events import Batch
from dlbench.trials.workers import endings

SMALLEST, LARGEST_BEST, LARGEST = 16, 4096, 2**24
LONGEST_STEP_SECONDS, GAIN = 2.0, 1.05  # where the search for the best ends
SHARE = 0.5  # of the memory that is free: the rest is for what grows unlike the batch, and for others
PLAIN_GROWTH = 2**28  # bytes by which a process has to grow, so that what else it allocates hardly matters


@dataclass
class Search:
    """What was tried so far: examples a second and the peak memory of the process, by batch size.

    Seconds of a step are asked of `seconds_at`. most: the largest size that data allow. tries: whether memory may be
    run out of. free, peak: bytes that are free for this process, and its peak so far.
    """

    seconds_at: Callable[[int], float]
    most: int
    tries: bool
    free: int = field(default_factory=lambda: psutil.virtual_memory().available)
    peak: Callable[[], int] = memory.process_peak_bytes
    rates: dict[int, float] = field(default_factory=dict)
    peaks: dict[int, int] = field(default_factory=dict)

    def batch(self) -> Batch:
        """The best size is the smallest whose speed is within 5 % of the best one tried, up to 4096."""
        held = self.peak()
        size, why = SMALLEST, "all that the data allow"
        while size <= max(self.most, SMALLEST):
            try:
                seconds = self.seconds_at(size)
            except Exception as error:
                if not self.rates or not endings.is_of_memory(error):
                    raise
                why = f"{size:,} is out of memory"
                break
            self.rates[size], self.peaks[size] = size / seconds, self.peak()
            if not self.tries and self._has_seen_enough(seconds):
                return self._by_growth(held)
            size *= 2
        return Batch(self._best(), max(self.rates), why)

    def _best(self) -> int:
        rates = {size: rate for size, rate in self.rates.items() if size <= LARGEST_BEST}
        return min(size for size, rate in rates.items() if rate >= max(rates.values()) / GAIN)

    def _has_seen_enough(self, seconds: float) -> bool:
        """Whether steps are long, or the best is known and the process has grown plainly."""
        *before, last = self.rates.values()
        is_past_best = last < GAIN * max(before, default=0.0) or max(self.rates) >= LARGEST_BEST
        return seconds > LONGEST_STEP_SECONDS or (is_past_best and self._growth() >= PLAIN_GROWTH)

    def _growth(self) -> int:
        return self.peaks[max(self.peaks)] - self.peaks[SMALLEST]

    def _by_growth(self, held: int) -> Batch:
        """held: the peak before anything was tried, which is not counted as free."""
        tried = max(self.peaks)
        examples = tried - SMALLEST
        if not examples or self._growth() <= 0:
            return Batch(self._best(), tried, "a step takes too long to try more")
        per_example = self._growth() / examples
        left = SHARE * self.free - (self.peaks[tried] - held)
        fitting = min(tried + max(0.0, left) / per_example, max(self.most, tried))
        why = (
            f"worked out, not tried: {per_example:,.0f} bytes an example, and {SHARE:.0%} of the "
            f"{self.free / 2**30:.1f} GiB that were free"
        )
        return Batch(self._best(), 2 ** (int(fitting).bit_length() - 1), why)
