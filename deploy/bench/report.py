"""From rounds to a table: medians, spread, and how many times faster Annals is than each peer."""

import statistics

OURS = ("annals bus", "annals http")


def add(results, system, points):
    """Adds the points of one round to what the rounds before gave."""
    for point in points:
        rounds = results.setdefault(system, {}).setdefault(str(point["in_flight"]), [])
        rounds.append({key: point[key] for key in ("per_second", "p50_ms", "p99_ms", "errors")})


def annals(figures):
    """The points in one round of `annals bench commands --json`: figures called `commands.{bus or http}.{in flight}`."""
    systems = {}
    for figure in figures:
        measure, _, way_and_load = figure["name"].partition(".")
        if measure == "commands":
            way, in_flight = way_and_load.split(".")
            times = figure.get("times") or {"p50_ms": 0.0, "p99_ms": 0.0}  # none if nothing succeeded
            point = {"in_flight": int(in_flight), "per_second": figure["median"], "errors": figure["failures"], **times}
            systems.setdefault(f"annals {way}", []).append(point)
    return systems


def line(system, points):
    """What one turn gave, while the others are still to come."""
    return f"{system}: " + ", ".join(f"{it['per_second']:,.0f}/s at {it['in_flight']}" for it in points)


def summary(rounds):
    """Median of the rounds with its spread; the percentiles are medians of the rounds' percentiles."""
    rates = [it["per_second"] for it in rounds]
    return {
        "median": statistics.median(rates),
        "min": min(rates),
        "max": max(rates),
        "p50_ms": statistics.median(it["p50_ms"] for it in rounds),
        "p99_ms": statistics.median(it["p99_ms"] for it in rounds),
        "errors": sum(it["errors"] for it in rounds),
    }


def summaries(results):
    """The same tree with a summary in place of the rounds."""
    return {system: {at: summary(rounds) for at, rounds in points.items()} for system, points in results.items()}


def best_peer(summed, in_flight):
    """The peer with the most commands per second at this point; None without peers."""
    rates = {system: points[in_flight]["median"] for system, points in summed.items() if system not in OURS}
    return max(rates, key=rates.get, default=None)


def ratios(summed, system, in_flight):
    """How many times this peer's rate ours is, over the bus and through HTTP: what was measured of the two."""
    if system in OURS or not summed[system][in_flight]["median"]:
        return {}
    theirs = summed[system][in_flight]["median"]
    return {ours: summed[ours][in_flight]["median"] / theirs for ours in OURS if ours in summed}


def table(results):
    """The whole report as text: a block per number of deposits in flight."""
    summed = summaries(results)
    lines = []
    for in_flight in next(iter(summed.values()), {}):
        best = best_peer(summed, in_flight)
        lines += ["", f"{in_flight} in flight"]
        header = ("", "commands/s", "(min..max)", "p50 ms", "p99 ms", "errors", "annals bus is", "annals http is")
        lines.append("{:<20}{:>12}  {:<17}{:>9}{:>9}{:>8}{:>15}{:>16}".format(*header))
        for system, points in sorted(summed.items(), key=lambda it: -it[1][in_flight]["median"]):
            lines.append(row(system, points[in_flight], ratios(summed, system, in_flight), system == best))
    return "\n".join(lines)


def row(system, point, ratio, best):
    """One line of the table; the best peer is starred, a point with failures says how many."""
    spread = f"({point['min']:,.0f}..{point['max']:,.0f})"
    times = [f"{ratio[ours]:.2f}x" if ours in ratio else "" for ours in OURS]
    name = f"{system} *" if best else system
    return (
        f"{name:<20}{point['median']:>12,.0f}  {spread:<17}{point['p50_ms']:>9.2f}{point['p99_ms']:>9.2f}"
        f"{point['errors']:>8}{times[0]:>15}{times[1]:>16}"
    )
