#!/usr/bin/env -S python3 -B
"""What the report makes of rounds: `python3 -B deploy/bench/report_tests.py`."""

import unittest

import report


def rounds(*rates, errors=0):
    return [{"in_flight": 128, "per_second": rate, "p50_ms": 1.0, "p99_ms": 2.0, "errors": errors} for rate in rates]


def results(**systems):
    gathered = {}
    for system, rates in systems.items():
        for point in rounds(*rates):
            report.add(gathered, system.replace("_", " "), [point])
    return gathered


class Report(unittest.TestCase):
    def test_a_point_is_the_median_of_its_rounds_with_their_spread(self):
        summed = report.summary(rounds(900, 100, 300, errors=2))

        self.assertEqual((summed["median"], summed["min"], summed["max"]), (300, 100, 900))
        self.assertEqual(summed["errors"], 6)

    def test_the_best_peer_is_never_annals(self):
        summed = report.summaries(results(annals_bus=[9000], postgres=[1000, 3000], umadb=[1500, 1500]))

        self.assertEqual(report.best_peer(summed, "128"), "postgres")

    def test_a_ratio_says_how_many_times_a_peers_rate_ours_is(self):
        summed = report.summaries(results(annals_bus=[9000], annals_http=[6000], postgres=[3000]))

        self.assertEqual(report.ratios(summed, "postgres", "128"), {"annals bus": 3.0, "annals http": 2.0})
        self.assertEqual(report.ratios(summed, "annals bus", "128"), {})

    def test_peers_alone_have_no_ratio(self):
        summed = report.summaries(results(postgres=[3000]))

        self.assertEqual(report.ratios(summed, "postgres", "128"), {})

    def test_what_annals_reports_of_itself_is_read(self):
        times = {"p50_ms": 1.5, "p99_ms": 4.0}
        figures = [
            {"name": "limit.entry.1", "median": 1.0, "failures": 0},
            {"name": "commands.local-hot.128", "median": 8000.0, "times": times, "failures": 0},
            {"name": "commands.bus.32", "median": 9000.0, "times": times, "failures": 1},
            {"name": "commands.http.32", "median": 0.0, "failures": 7},
            {"name": "commands.mixed.128", "median": 500.0, "times": times, "failures": 0},
        ]

        none = {"p50_ms": 0.0, "p99_ms": 0.0}
        self.assertEqual(
            report.annals(figures),
            {
                "annals local": [{"in_flight": 128, "hot": True, "per_second": 8000.0, "errors": 0, **times}],
                "annals bus": [{"in_flight": 32, "hot": False, "per_second": 9000.0, "errors": 1, **times}],
                "annals http": [{"in_flight": 32, "hot": False, "per_second": 0.0, "errors": 7, **none}],
            },
        )

    def test_figures_have_the_names_that_annals_bench_gives_them(self):
        gathered = results(annals_bus=[9000], postgres=[3000, 1000, 2000])
        hot = [{**point, "hot": True} for point in rounds(100)]
        for system in ("annals local", "postgres"):
            report.add(gathered, system, hot)
        medians = {figure["name"]: figure["median"] for figure in report.figures(gathered)}

        expected = {"commands.bus.128": 9000, "postgres.128": 2000}
        self.assertEqual(medians, {**expected, "postgres.hot.128": 100, "commands.local-hot.128": 100})
        self.assertIn("128 in flight, all at one account", report.table(gathered))

    def test_the_table_stars_the_best_peer(self):
        text = report.table(results(annals_bus=[9000], postgres=[3000], umadb=[1500]))

        self.assertIn("postgres *", text)
        self.assertIn("3.00x", text)
        self.assertNotIn("umadb *", text)


if __name__ == "__main__":
    unittest.main()
