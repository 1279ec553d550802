// Any bytes as a manifest, once as YAML and once as JSON: no crash, no hang, and what is said about
// them is sound.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "controller/files/manifest.h"
#include "controller/files/text.h"
#include "controller/store/store.h"
#include "table/limits.h"

namespace {

using namespace sluice;

void require(bool holds) {
    if (!holds) std::abort();
}

// A line that people, logs and JSON can take: UTF-8, one line, of bounded length.
void check_line(const std::string& line) {
    require(!files::find_bad_byte(line, "").has_value());
    require(line.find('\n') == std::string::npos);
    require(line.size() < 16 * 1024);
}

void check(std::string_view text, const std::string& file) {
    const files::Manifest manifest = files::parse_manifest(text, file);
    require(manifest.objects.empty() || manifest.problems.empty());
    require(manifest.problems.size() <= limits::kManifestProblems);
    for (const model::Problem& problem : manifest.problems) {
        require(!problem.message.empty());
        require(problem.origin.file == file);
        check_line(to_string(problem));
    }
    for (const std::string& note : manifest.skipped) check_line(note);
    // Read again, it is equal: nothing is dirty.
    store::Store store;
    store.apply({manifest.objects, {}});
    store.take_dirty();
    store.apply({files::parse_manifest(text, file).objects, {}});
    require(!store.take_dirty().any());
    for (const model::Object& object : manifest.objects) {
        const model::ObjectKey key = model::key_of(object);
        require(!key.name.empty());
        require(key.ns.empty() == (key.kind == model::Kind::ingress_class));
        check_line(to_string(key));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check(text, "a.yaml");
    check(text, "a.json");
    return 0;
}
