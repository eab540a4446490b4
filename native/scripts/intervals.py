"""Medians of paired ratios with bootstrap intervals, as `highwater bench` computes them."""

import random
import statistics

RESAMPLES = 4000


def ratio(over, under):
    """Median of over[i] / under[i] with its 95 % interval: (median, low, high)."""
    ratios = [a / b for a, b in zip(over, under) if b > 0]
    generator = random.Random(1)
    medians = sorted(
        statistics.median(generator.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES)
    )
    at = lambda share: medians[round((len(medians) - 1) * share)]
    return statistics.median(ratios), at(0.025), at(0.975)


def half_width(interval):
    """Half of the interval's width, relative to its median."""
    median, low, high = interval
    return (high - low) / 2 / median


def wider(over, under, null_over, null_under):
    """Whether the first pairs' ratios certainly scatter more than the second's.

    The widths of intervals are as uncertain as the intervals: both samples are drawn again, and
    only a ratio of spreads that stays above 1 in 97.5 % of the draws counts.
    """
    mine = [a / b for a, b in zip(over, under) if b > 0]
    theirs = [a / b for a, b in zip(null_over, null_under) if b > 0]
    generator = random.Random(1)
    draw = lambda ratios: _spread(generator.choices(ratios, k=len(ratios)))
    quotients = sorted(draw(mine) / max(draw(theirs), 1e-9) for _ in range(RESAMPLES))
    return quotients[round((RESAMPLES - 1) * 0.025)] > 1


def _spread(ratios):
    """Mean distance from the median, relative to it."""
    middle = statistics.median(ratios)
    return sum(abs(one - middle) for one in ratios) / len(ratios) / middle


def overlap(one, other):
    """Whether two intervals have a value in common."""
    return one[1] <= other[2] and other[1] <= one[2]


def show(interval):
    """1.012 [0.990, 1.031]"""
    return f"{interval[0]:.3f} [{interval[1]:.3f}, {interval[2]:.3f}]"
