"""From rounds to a table: medians, spread, and how many times faster Annals is than each peer."""

import statistics

# What `annals bench` calls commands.{way}.{in flight}: whose point it is, and whether all deposits are at one account.
WAYS = {
    "local": ("annals local", False),
    "local-hot": ("annals local", True),
    "bus": ("annals bus", False),
    "hot": ("annals bus", True),
    "http": ("annals http", False),
}
OURS = tuple(dict.fromkeys(system for system, _ in WAYS.values()))


def label(point):
    """What a point is called: how many deposits are in flight, and `hot` if all are at one account."""
    return f"hot.{point['in_flight']}" if point.get("hot") else str(point["in_flight"])


def add(results, system, points):
    """Adds the points of one round to what the rounds before gave."""
    for point in points:
        rounds = results.setdefault(system, {}).setdefault(label(point), [])
        rounds.append({key: point[key] for key in ("per_second", "p50_ms", "p99_ms", "errors")})


def annals(figures):
    """The points in one round of `annals bench local commands --json`."""
    systems = {}
    for figure in figures:
        measure, _, way_and_load = figure["name"].partition(".")
        way, _, in_flight = way_and_load.partition(".")
        if measure == "commands" and way in WAYS:
            system, hot = WAYS[way]
            times = figure.get("times") or {"p50_ms": 0.0, "p99_ms": 0.0}  # none if nothing succeeded
            point = {"in_flight": int(in_flight), "hot": hot, "per_second": figure["median"]}
            systems.setdefault(system, []).append({**point, "errors": figure["failures"], **times})
    return systems


def name(system, at):
    """What a figure is called: ours as `annals bench` does, those of peers `postgres.128` and `postgres.hot.128`."""
    for way, (ours, hot) in WAYS.items():
        if ours == system and hot == at.startswith("hot."):
            return f"commands.{way}.{at.removeprefix('hot.')}"
    return f"{system}.{at}"


def figures(results):
    """Everything that was measured, in the shape that `annals bench --json` gives its figures."""
    return [figure(system, at, rounds) for system, points in results.items() for at, rounds in points.items()]


def figure(system, at, rounds):
    """One figure over all rounds."""
    summed = summary(rounds)
    times = {"p50_ms": summed.pop("p50_ms"), "p99_ms": summed.pop("p99_ms")}
    failures = summed.pop("errors")
    rates = [it["per_second"] for it in rounds]
    shape = {"name": name(system, at), "unit": "per-second", "rounds": rates}
    return {**shape, **summed, "times": times, "failures": failures}


def line(system, points):
    """What one turn gave, while the others are still to come."""
    return f"{system}: " + ", ".join(f"{it['per_second']:,.0f}/s at {label(it)}" for it in points)


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
    peers = {system: points for system, points in summed.items() if system not in OURS and in_flight in points}
    rates = {system: points[in_flight]["median"] for system, points in peers.items()}
    return max(rates, key=rates.get, default=None)


def ratios(summed, system, in_flight):
    """How many times this peer's rate ours is, in process, over the bus and through HTTP: what was measured of them."""
    if system in OURS or not summed[system][in_flight]["median"]:
        return {}
    theirs = summed[system][in_flight]["median"]
    return {ours: summed[ours][in_flight]["median"] / theirs for ours in OURS if in_flight in summed.get(ours, {})}


def table(results):
    """The whole report as text: a block per number of deposits in flight."""
    summed = summaries(results)
    lines = []
    for in_flight in dict.fromkeys(at for points in summed.values() for at in points):
        there = {system: points[in_flight] for system, points in summed.items() if in_flight in points}
        if len(there) == 1 < len(summed):
            continue  # nothing stands beside it
        best = best_peer(summed, in_flight)
        hot = in_flight.startswith("hot.")
        lines += ["", f"{in_flight.removeprefix('hot.')} in flight" + (", all at one account" if hot else "")]
        header = ("", "commands/s", "(min..max)", "p50 ms", "p99 ms", "errors", *(f"{ours} is" for ours in OURS))
        lines.append("{:<20}{:>12}  {:<17}{:>9}{:>9}{:>8}{:>17}{:>15}{:>16}".format(*header))
        for system, point in sorted(there.items(), key=lambda it: -it[1]["median"]):
            lines.append(row(system, point, ratios(summed, system, in_flight), system == best))
    return "\n".join(lines)


def row(system, point, ratio, best):
    """One line of the table; the best peer is starred, a point with failures says how many."""
    spread = f"({point['min']:,.0f}..{point['max']:,.0f})"
    times = [f"{ratio[ours]:.2f}x" if ours in ratio else "" for ours in OURS]
    starred = f"{system} *" if best else system
    return (
        f"{starred:<20}{point['median']:>12,.0f}  {spread:<17}{point['p50_ms']:>9.2f}{point['p99_ms']:>9.2f}"
        f"{point['errors']:>8}{times[0]:>17}{times[1]:>15}{times[2]:>16}"
    )
