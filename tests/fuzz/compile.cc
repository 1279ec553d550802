// Fuzzes the way from objects to a table: whatever parses compiles, builds, and is taken by the
// proxy; the order of objects and a second run change no byte.
#include "controller/compile/compile.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "controller/compile/print.h"
#include "controller/files/manifest.h"
#include "controller/files/text.h"
#include "controller/store/store.h"
#include "proxy/route/regexes.h"
#include "table/builder.h"
#include "table/limits.h"
#include "table/view.h"

namespace {

using namespace sluice;

[[noreturn]] void fail(const std::string& why) {
    std::fprintf(stderr, "%s\n", why.c_str());
    std::abort();
}

void require(bool holds, const char* what) {
    if (!holds) fail(what);
}

struct Built {
    table::Bytes routes;
    table::Bytes endpoints;
    std::string verdicts;
};

Built build(const std::vector<model::Object>& objects, const compile::Options& options) {
    store::Store store;
    for (const model::Object& object : objects) store.apply({{object}, {}});
    const compile::Compiled compiled = compile::compile(*store.snapshot(), options);
    auto routes = table::build_routes(compiled.routes);
    if (!routes) fail("routes: " + routes.error().message);
    auto endpoints = table::build_endpoints(compiled.endpoints);
    if (!endpoints) fail("endpoints: " + endpoints.error().message);
    for (const compile::Verdict& verdict : compiled.verdicts) {
        require(verdict.findings.size() <= limits::kFindingsPerObject + 1, "too many findings");
        require(!verdict.accepted || verdict.accepted_reason == Reason::accepted, "a reason");
    }
    return {std::move(*routes), std::move(*endpoints), compile::to_json(compiled.verdicts)};
}

void check_taken(const Built& built) {
    const auto routes = table::RoutesView::verify(built.routes);
    if (!routes) fail("routes: " + routes.error().message);
    const auto endpoints = table::EndpointsView::verify(built.endpoints);
    if (!endpoints) fail("endpoints: " + endpoints.error().message);
    for (const table::Host& host : routes->hosts()) {
        require(routes->find_exact(routes->name(host)) == &host, "a host that is not found");
        for (const table::Path& path : routes->paths_of(host)) {
            const auto text = routes->text(path);
            require(routes->find_path(host, path.hash, text) == &path, "a path that is not found");
        }
    }
    for (const table::Regex& regex : routes->regexes()) {
        const std::string why = route::why_refused(routes->text(regex.pattern));
        if (!why.empty()) fail("pattern: " + why);
    }
    require(!files::find_bad_byte(built.verdicts, "").has_value(), "a verdict that is no text");
}

bool same(const Built& a, const Built& b) {
    return a.routes == b.routes && a.endpoints == b.endpoints && a.verdicts == b.verdicts;
}

void check(std::string_view text, const compile::Options& options) {
    // Each time from the text, so that nothing can hang on addresses.
    const Built built = build(files::parse_manifest(text, "in.yaml").objects, options);
    check_taken(built);
    files::Manifest again = files::parse_manifest(text, "in.yaml");
    std::ranges::reverse(again.objects);
    require(same(build(again.objects, options), built), "the order of objects changes the table");
    const size_t half = again.objects.size() / 2;
    std::ranges::rotate(again.objects, again.objects.begin() + static_cast<ptrdiff_t>(half));
    require(same(build(again.objects, options), built), "the order of objects changes the table");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    compile::Options options;
    if (files::parse_manifest(text, "in.yaml").objects.empty()) return 0;
    check(text, options);
    options.watch_without_class = options.allow_loopback_endpoints = true;
    check(text, options);
    return 0;
}
