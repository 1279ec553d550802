"""The checks see what they must see, and stay quiet where nothing is wrong."""

import tempfile
import unittest
from pathlib import Path

import checks
import rules
import scan
import tidy


class Sandbox(unittest.TestCase):
    """A throw-away tree made of {path: text}."""

    def tree_of(self, files: dict[str, str]) -> checks.Tree:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        return checks.Tree(root, sorted(files))


class IncludeRule(Sandbox):
    def findings(self, path: str, include: str) -> list[str]:
        return list(checks.include_rule(self.tree_of({path: f"// About.\n#include {include}\n"})))

    def test_what_stands_in_the_row_is_allowed(self):
        self.assertEqual([], self.findings("proxy/route/match.cc", '"table/view.h"'))
        self.assertEqual([], self.findings("proxy/route/match.cc", '"proxy/route/match.h"'))
        self.assertEqual([], self.findings("proxy/route/match.cc", "<re2/re2.h>"))
        self.assertEqual([], self.findings("proxy/route/match.cc", "<sys/epoll.h>"))
        self.assertEqual([], self.findings("proxy/route/match.cc", "<vector>"))

    def test_what_does_not_is_named_with_its_line(self):
        found = self.findings("proxy/http/gate.cc", '"proxy/net/poller.h"')
        self.assertEqual(1, len(found))
        self.assertTrue(found[0].startswith("proxy/http/gate.cc:2: proxy/http/ may not include"))

    def test_the_right_never_calls_left(self):
        self.assertTrue(self.findings("table/view.cc", '"proxy/route/match.h"'))
        compiler = "controller/compile/order.cc"
        self.assertTrue(self.findings(compiler, '"controller/publish/publish.h"'))
        self.assertTrue(self.findings(compiler, '"table/channel.h"'))
        self.assertTrue(self.findings("proxy/supervisor/run.cc", '"table/view.h"'))

    def test_vocabulary_is_allowed_everywhere(self):
        self.assertEqual([], self.findings("proxy/http/gate.cc", '"table/limits.h"'))
        self.assertEqual([], self.findings("controller/files/watch.cc", '"table/reason.h"'))

    def test_libraries_stay_where_they_are_named(self):
        self.assertTrue(self.findings("proxy/worker/worker.cc", "<boost/asio.hpp>"))
        self.assertTrue(self.findings("controller/store/store.cc", "<nlohmann/json.hpp>"))
        self.assertEqual([], self.findings("controller/files/yaml.cc", "<yaml-cpp/yaml.h>"))
        self.assertTrue(self.findings("controller/files/yaml.h", "<yaml-cpp/yaml.h>"))
        self.assertEqual([], self.findings("controller/store/store.h", "<tl/expected.hpp>"))

    def test_main_of_a_program_does_not_reach_into_folders(self):
        self.assertEqual([], self.findings("controller/main.cc", '"controller/loop/loop.h"'))
        self.assertTrue(self.findings("controller/main.cc", '"controller/model/meta.h"'))

    def test_include_without_a_path_and_unknown_folder(self):
        self.assertTrue(self.findings("table/view.cc", '"view.h"'))
        self.assertTrue(self.findings("elsewhere/a.cc", "<vector>"))

    def test_generated_headers_stay_in_table(self):
        self.assertEqual([], self.findings("table/view.cc", '"table/routes_generated.h"'))
        self.assertTrue(self.findings("proxy/route/match.cc", '"table/routes_generated.h"'))

    def test_every_row_names_rows_or_headers(self):
        for name, row in rules.ROWS.items():
            for first in row.first:
                known = first in rules.ROWS or first.endswith(".h")
                self.assertTrue(known, f"{name} <- {first}")


class Sizes(Sandbox):
    def over(self, files: dict[str, str]) -> list[tuple[str, str, int, int]]:
        return list(checks.sizes(self.tree_of(files)))

    def test_file_of_400_lines_passes_and_401_does_not(self):
        self.assertEqual([], self.over({"table/a.h": "x\n" * 400}))
        over = [("file-lines", "table/a.h", 401, 400)]
        self.assertEqual(over, self.over({"table/a.h": "x\n" * 401}))

    def test_function_of_70_lines_passes_and_71_does_not(self):
        def body(lines: int) -> str:
            return "void f() {\n" + "    g();\n" * (lines - 2) + "}\n"

        self.assertEqual([], self.over({"table/a.cc": body(70)}))
        self.assertEqual(
            [("function-lines", "table/a.cc:f", 71, 70)], self.over({"table/a.cc": body(71)})
        )

    def test_line_of_100_columns_passes_and_101_does_not(self):
        self.assertEqual([], self.over({"table/a.cc": "x" * 100 + "\n"}))
        self.assertEqual(
            [("line-columns", "table/a.cc", 101, 100)], self.over({"table/a.cc": "x" * 101 + "\n"})
        )

    def test_an_address_cannot_be_folded(self):
        self.assertEqual([], self.over({"table/a.cc": "// https://" + "x" * 101 + "\n"}))

    def test_scripts_are_known_by_their_first_line(self):
        self.assertEqual(1, len(self.over({"scripts/run": "#!/bin/bash\n" + "x\n" * 400})))
        self.assertEqual([], self.over({"scripts/notes": "x\n" * 401}))

    def test_ninety_five_of_a_hundred_functions_are_short(self):
        short = "void f() {\n}\n" * 94
        long = "void f() {\n" + "    g();\n" * 39 + "}\n"
        tree = self.tree_of({"table/a.cc": short + long * 4})
        self.assertEqual([], list(checks.function_lengths(tree)))
        tree = self.tree_of({"table/a.cc": short + long * 7})
        self.assertEqual(1, len(list(checks.function_lengths(tree))))


class Ratchet(unittest.TestCase):
    OVER = [("file-lines", "a.cc", 450, 400)]

    def test_an_exception_must_be_listed_exactly(self):
        self.assertEqual([], list(tidy.ratchet(self.OVER, {("file-lines", "a.cc"): 450})))
        self.assertIn("the bar is 400", next(tidy.ratchet(self.OVER, {})))
        self.assertIn("grew", next(tidy.ratchet(self.OVER, {("file-lines", "a.cc"): 449})))
        self.assertIn("shrank", next(tidy.ratchet(self.OVER, {("file-lines", "a.cc"): 451})))

    def test_an_exception_that_is_no_longer_needed_goes(self):
        self.assertIn("take it out", next(tidy.ratchet([], {("file-lines", "a.cc"): 450})))

    def test_reading(self):
        text = "# why\n\nfile-lines a.cc 450\n"
        self.assertEqual({("file-lines", "a.cc"): 450}, tidy.read_ratchet(text))


class Functions(unittest.TestCase):
    def names(self, text: str) -> list[tuple[str, int, int]]:
        return [(f.name, f.line, f.lines) for f in scan.functions(text)]

    def test_free_member_and_nested(self):
        text = "namespace a {\nint f(int x) {\n    if (x) { return 1; }\n    return 2;\n}\n}\n"
        self.assertEqual([("f", 2, 4)], self.names(text))
        text = "class A {\npublic:\n    int f() const { return 1; }\n};\nA::~A() {\n}\n"
        self.assertEqual([("f", 2, 2), ("A::~A", 5, 2)], self.names(text))

    def test_arguments_over_lines_count(self):
        self.assertEqual([("f", 1, 5)], self.names("int f(\n    int a,\n    int b\n) {\n}\n"))

    def test_a_lambda_belongs_to_its_function(self):
        text = "void f() {\n    auto g = [](int x) {\n        return x;\n    };\n}\n"
        self.assertEqual([("f", 1, 5)], self.names(text))

    def test_no_function_in_initialisers_macros_comments_and_strings(self):
        self.assertEqual([], self.names("const std::vector<int> kAll = make({1, 2});\n"))
        self.assertEqual([], self.names("#define X(a) \\\n    void a() { \\\n    }\n"))
        self.assertEqual([], self.names('// void f() {\nconst char* k = "void f() {";\n'))
        self.assertEqual([], self.names('const char* k = R"(void f() {)";\n'))

    def test_digit_separators_are_no_character_literals(self):
        text = "constexpr int kA = 1'000;\nvoid f() {\n}\nconstexpr int kB = 2'000;\n"
        self.assertEqual([("f", 2, 2)], self.names(text))

    def test_initialiser_lists(self):
        self.assertEqual([("A::A", 1, 2)], self.names("A::A(int x) : x_(x), y_(1) {\n}\n"))


class Coroutines(Sandbox):
    def found(self, text: str) -> list[str]:
        return list(checks.coroutines(self.tree_of({"proxy/net/a.cc": text})))

    def test_aggregate_and_lambda_temporaries(self):
        self.assertTrue(self.found("co_await send(Message{1, 2});"))
        self.assertTrue(self.found("co_await send({1, 2});"))
        self.assertTrue(self.found("auto x = co_await wait([&done] { return done; });"))
        self.assertTrue(self.found("co_await wait([this](int) { return 1; });"))
        self.assertTrue(self.found("co_await Sleep{5};"))

    def test_plain_operands_are_fine(self):
        self.assertEqual([], self.found("if (co_await ready(x)) { f(Message{1}); }"))
        self.assertEqual([], self.found("const auto woke = co_await wake(waits[i], deadline);"))
        self.assertEqual([], self.found('// co_await f({1});\nlog("co_await f({1})");'))
        self.assertEqual([], self.found("f(co_await g(x), Message{1});"))

    def test_capturing_lambda_coroutines(self):
        self.assertTrue(self.found("spawn([&x]() -> Task<> { co_await f(x); });"))
        self.assertTrue(self.found("auto t = [=] { if (a) { b(); } co_return; };"))
        self.assertEqual([], self.found("auto t = [](int x) -> Task<> { co_await f(x); };"))
        self.assertEqual([], self.found("auto t = [&x] { return x; }; co_await f(t);"))


class Files(Sandbox):
    def test_responsibility(self):
        tree = self.tree_of(
            {
                "table/good.h": "// Says what it is for.\n#pragma once\n",
                "table/bad.h": "#pragma once\n",
                "scripts/good": "#!/bin/bash\n# Says what it is for.\n",
                "scripts/bad.py": "import sys\n",
            }
        )
        found = [finding.split(":")[0] for finding in checks.responsibility(tree)]
        self.assertEqual(["scripts/bad.py", "table/bad.h"], found)

    def test_pragma_once(self):
        tree = self.tree_of({"table/a.h": "// About.\n", "table/b.h": "// About.\n#pragma once\n"})
        self.assertEqual(["table/a.h: no #pragma once"], list(checks.pragma_once(tree)))

    def test_marks_need_an_issue(self):
        mark = "TO" + "DO"
        tree = self.tree_of({"table/a.cc": f"// {mark} later\n// {mark}(#12) known\n"})
        self.assertEqual([f"table/a.cc:1: {mark} without an issue"], list(checks.marks(tree)))

    def test_empty_names(self):
        tree = self.tree_of({"table/a.h": "class PoolManager;\nclass Pool;\n// class AHelper\n"})
        self.assertEqual(1, len(list(checks.names(tree))))

    def test_dead_source_and_header(self):
        tree = self.tree_of(
            {
                "table/CMakeLists.txt": "sluice_module(table DEPS)\n",
                "table/used.cc": '#include "table/used.h"\n',
                "table/used.h": "",
                "table/orphan.h": "",
                "table/main.cc": "",
                "tests/fuzz/CMakeLists.txt": "sluice_fuzzer(h1 DEPS x)\n",
                "tests/fuzz/h1.cc": "",
                "tests/fuzz/h2.cc": "",
                "nowhere/a.cc": "",
            }
        )
        found = sorted(finding.split(":")[0] for finding in checks.dead_files(tree))
        dead = ["nowhere/a.cc", "table/main.cc", "table/orphan.h", "tests/fuzz/h2.cc"]
        self.assertEqual(dead, found)

    def test_a_program_that_is_spelt_out_is_alive(self):
        listing = "add_executable(bench_a EXCLUDE_FROM_ALL a.cc)\n"
        files = {"bench/CMakeLists.txt": listing, "bench/a.cc": "", "bench/b.cc": ""}
        found = list(checks.dead_files(self.tree_of(files)))
        self.assertEqual(["bench/b.cc: no target builds it"], found)

    def test_a_shim_that_a_test_script_compiles_is_alive(self):
        files = {"tests/counters/shim.cc": "", "tests/counters/count.py": "build('shim.cc')\n"}
        self.assertEqual([], list(checks.dead_files(self.tree_of(files))))
        files["tests/counters/count.py"] = ""
        self.assertEqual(1, len(list(checks.dead_files(self.tree_of(files)))))

    def test_reasons_and_their_page_agree(self):
        header = "#define R(X) \\\n    X(ok) \\\n    X(no_route)\n"
        page = "| code | means |\n|---|---|\n| `ok` | fine |\n| `gone` | ? |\n"
        tree = self.tree_of({"table/reason.h": header, "docs/reasons.md": page})
        found = list(checks.reasons_documented(tree))
        self.assertEqual(2, len(found))
        self.assertIn("no_route", found[0])
        self.assertIn("gone", found[1])

    def test_ratio_of_tests_to_code(self):
        code, test = "// About.\n" * 10, "// About.\n" * 9
        tree = self.tree_of({"table/a.cc": code, "tests/a.cc": test, "scripts/x.py": code * 9})
        self.assertEqual(1, len(list(checks.test_ratio(tree))))
        tree = self.tree_of({"table/a.cc": code, "tests/a.cc": test + "// More.\n"})
        self.assertEqual([], list(checks.test_ratio(tree)))

    @unittest.skipUnless(checks.formatter(), f"{checks.FORMATTER} is not installed")
    def test_format(self):
        tree = self.tree_of(
            {".clang-format": "BasedOnStyle: Google\n", "a.cc": "int  x;\n", "b.cc": "int x;\n"}
        )
        self.assertEqual(["a.cc:1: run clang-format-19 -i"], list(checks.formatted(tree)))


if __name__ == "__main__":
    unittest.main()
