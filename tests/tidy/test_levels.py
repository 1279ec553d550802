"""scripts/test-levels counts what test programs say, and never takes silence for success."""

import importlib.machinery
import importlib.util
import sys
import unittest
import unittest.mock
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "test-levels"
_loader = importlib.machinery.SourceFileLoader("test_levels_script", str(SCRIPT))
_spec = importlib.util.spec_from_loader(_loader.name, _loader)
levels = importlib.util.module_from_spec(_spec)
sys.modules[_loader.name] = levels  # dataclasses look their module up
_loader.exec_module(levels)


def numbers(count) -> tuple[int, int, int]:
    return count.passed, count.failed, count.skipped


class ClosingLines(unittest.TestCase):
    def test_gtest(self):
        all_fine = "[==========] 3 tests from 1 test suite ran.\n[  PASSED  ] 3 tests.\n"
        self.assertEqual((3, 0, 0), numbers(levels.read_gtest(all_fine)))
        mixed = (
            "[  FAILED  ] A.b (0 ms)\n"
            "[  PASSED  ] 1 test.\n"
            "[  SKIPPED ] 2 tests, listed below:\n[  SKIPPED ] A.c\n"
            "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A.b\n"
        )
        self.assertEqual((1, 1, 2), numbers(levels.read_gtest(mixed)))
        self.assertEqual((0, 0, 0), numbers(levels.read_gtest("[ RUN      ] A.b\nkilled")))

    def test_pytest(self):
        line = "=== 2 failed, 10 passed, 3 skipped, 1 xfailed, 1 error in 61.23s (0:01:01) ===\n"
        self.assertEqual((10, 3, 4), numbers(levels.read_pytest("noise\n" + line)))
        self.assertEqual((5, 0, 0), numbers(levels.read_pytest("5 passed in 0.1s\n")))
        self.assertEqual((5, 0, 0), numbers(levels.read_pytest("5 passed, 2 warnings in 0.1s\n")))
        self.assertEqual((0, 0, 0), numbers(levels.read_pytest("no tests ran in 0.1s\n")))

    def test_plain(self):
        self.assertEqual((4, 1, 0), numbers(levels.read_plain("4 passed, 1 failed\n")))
        self.assertEqual((4, 0, 2), numbers(levels.read_plain("4 passed, 0 failed, 2 skipped\n")))
        twice = "1 passed, 1 failed\n9 passed, 0 failed\n"
        self.assertEqual((9, 0, 0), numbers(levels.read_plain(twice)))
        self.assertEqual((0, 0, 0), numbers(levels.read_plain("half of 4 passed, 1 failed\n")))


class Settling(unittest.TestCase):
    def settle(self, count, code: int) -> tuple[int, int, int]:
        return numbers(levels.settle(count, code, "output", "program"))

    def test_a_crash_after_the_closing_line_fails(self):
        self.assertEqual((3, 1, 0), self.settle(levels.Count(passed=3), 1))

    def test_silence_fails(self):
        self.assertEqual((0, 1, 0), self.settle(levels.Count(), 0))

    def test_a_named_failure_counts_once(self):
        self.assertEqual((3, 2, 0), self.settle(levels.Count(passed=3, failed=2), 1))

    def test_success_shows_nothing(self):
        self.assertEqual([], levels.settle(levels.Count(passed=1), 0, "output", "program").shown)

    def test_failure_shows_the_end_of_the_output(self):
        output = "\n".join(str(line) for line in range(1000))
        shown = levels.settle(levels.Count(), 2, output, "program").shown
        self.assertEqual("999", shown[-1])
        self.assertLess(len(shown), 100)


class Exit(unittest.TestCase):
    def exit_code(self, ci: str, **counts: int) -> int:
        levels.LEVELS = {"one": lambda name: levels.Count(**counts)}
        levels.os.environ["CI"] = ci
        with unittest.mock.patch("builtins.print"):
            return levels.main([])

    def setUp(self):
        kept, ci = levels.LEVELS, levels.os.environ.get("CI")
        self.addCleanup(setattr, levels, "LEVELS", kept)
        self.addCleanup(lambda: levels.os.environ.update({"CI": ci or ""}))

    def test_a_skip_is_red_only_in_ci(self):
        self.assertEqual(0, self.exit_code("", passed=1, skipped=1))
        self.assertEqual(1, self.exit_code("true", passed=1, skipped=1))
        self.assertEqual(0, self.exit_code("true", passed=1))

    def test_a_failure_is_red_everywhere(self):
        self.assertEqual(1, self.exit_code("", passed=1, failed=1))

    def test_a_level_that_cannot_run_says_why(self):
        def cannot(name: str):
            raise levels.CannotRunError("no strace")

        levels.LEVELS = {"one": cannot}
        with unittest.mock.patch("builtins.print"):
            count = levels.run_level("one")
        self.assertEqual((0, 0, 1), numbers(count))
        self.assertIn("no strace", count.shown[0])

    def test_an_unknown_level_is_refused(self):
        with unittest.mock.patch("builtins.print"):
            self.assertEqual(2, levels.main(["unheard-of"]))


if __name__ == "__main__":
    unittest.main()
