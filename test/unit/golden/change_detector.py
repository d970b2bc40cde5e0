#!/usr/bin/python3
"""Golden changes of test/unit/test_change_detector.c: the detectors once more, from their papers, in plain Python.

    test/unit/golden/change_detector.py > test/unit/golden/change_detector_golden.h

ADWIN is written over the list of all values of its window, each bucket a slice of it; means
and variances are summed anew with fsum, so nothing is shared with the C code but the definition.
"""
import math


def stream(seed):
    """splitmix64, as random_mix of core/random.h, of a counter: numbers in [0, 1)."""
    i = seed << 32
    while True:
        i = (i + 0x9E3779B97F4A7C15) & (2**64 - 1)
        x = i
        x = ((x ^ x >> 30) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
        x = ((x ^ x >> 27) * 0x94D049BB133111EB) & (2**64 - 1)
        yield ((x ^ x >> 31) >> 11) / 2**53


def adwin(values, delta):
    window, sizes, changes = [], [], []  # sizes of buckets, oldest first
    for t, value in enumerate(values, 1):
        window.append(value)
        sizes.append(1)
        size = 1
        while sizes.count(size) > 5:
            first = sizes.index(size)
            sizes[first:first + 2] = [2 * size]
            size *= 2
        if t % 32:
            continue
        found = False
        cut = True
        while cut and len(window) > 10:
            cut = False
            n = len(window)
            mean = math.fsum(window) / n
            variance = math.fsum((v - mean) ** 2 for v in window) / n
            n0 = 0
            for size in sizes:
                n0 += size
                n1 = n - n0
                if n1 < 5:
                    break
                if n0 < 5:
                    continue
                m = 1 / (1 / n0 + 1 / n1)
                log_term = math.log(2 * math.log(n) / delta)
                bound = math.sqrt(2 / m * variance * log_term) + 2 / (3 * m) * log_term
                if abs(math.fsum(window[:n0]) / n0 - math.fsum(window[n0:]) / n1) > bound:
                    del window[:sizes.pop(0)]
                    cut = found = True
                    break
        if found:
            changes.append(t)
    return changes, len(window)


def page_hinkley(values, delta, threshold):
    changes, past = [], []
    up = down = [0.0]
    for t, value in enumerate(values, 1):
        past.append(value)
        mean = math.fsum(past) / len(past)
        up = up + [up[-1] + value - mean - delta]
        down = down + [down[-1] + value - mean + delta]
        if len(past) >= 30 and (up[-1] - min(up) > threshold or max(down) - down[-1] > threshold):
            changes.append(t)
            past, up, down = [], [0.0], [0.0]
    return changes, len(past)


def ddm(values, threshold):
    changes, warnings, past, least = [], 0, [], None
    for t, value in enumerate(values, 1):
        past.append(value)
        n, ones = len(past), past.count(1)
        if n < 30 or ones < 5:
            continue
        p = ones / n
        s = math.sqrt(p * (1 - p) / n)
        if least is None or p + s < sum(least):
            least = (p, s)
        if p + s > least[0] + threshold * least[1]:
            changes.append(t)
            past, least = [], None
        elif p + s > least[0] + threshold * 2 / 3 * least[1]:
            warnings += 1
    return changes, len(past), warnings


def numbers(seed, levels, each):
    random = stream(seed)
    return [level + (next(random) - 0.5) * 0.4 for level in levels for _ in range(each)]


def bits(seed, shares, each):
    random = stream(seed)
    return [int(next(random) < share) for share in shares for _ in range(each)]


def show(name, changes, left):
    print(f"static const uint64_t {name}_changes[] = {{{', '.join(map(str, changes))}}};")
    print(f"#define {name.upper()}_LEFT {left}")


print("/* Made by golden/change_detector.py; not to be edited. */")
show("adwin", *adwin(numbers(1, (0.3, 0.5, 0.5, 0.25), 700), 0.002))
show("adwin_bits", *adwin(bits(2, (0.02, 0.02, 0.10), 1500), 0.01))
show("page_hinkley", *page_hinkley(numbers(3, (0.3, 0.5, 0.5, 0.25), 500), 0.01, 5))
changes, left, warnings = ddm(bits(4, (0.05, 0.05, 0.15), 1000), 3)
show("ddm", changes, left)
print(f"#define DDM_WARNINGS {warnings}")
