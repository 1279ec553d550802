// One file: bytes → documents → List items → objects, with the bounds of a file.
#include "controller/files/manifest.h"

#include <map>

#include "controller/files/text.h"
#include "controller/files/yaml.h"
#include "controller/model/decode.h"
#include "controller/model/json.h"
#include "table/limits.h"

namespace sluice::files {
namespace {

using model::Problem;
using model::Value;

tl::expected<std::vector<Value>, Problem> documents_of(
    std::string_view text, const std::string& file
) {
    if (text.size() > limits::kManifestBytes) {
        return tl::unexpected<Problem>(Problem{
            {file, {}},
            "",
            "has more than " + std::to_string(limits::kManifestBytes) + " bytes: split it"
        });
    }
    if (auto bad = find_bad_byte(text, file)) return tl::unexpected<Problem>(std::move(*bad));
    if (!file.ends_with(".json")) return parse_yaml(text, file);
    auto document = model::parse_json(text, file);
    if (!document) return tl::unexpected<Problem>(std::move(document.error()));
    std::vector<Value> documents;
    documents.push_back(std::move(*document));
    return documents;
}

// Collects what the documents of one file give.
class Reading {
public:
    Reading(const std::string& file, Manifest& out) : file_(file), out_(out) {}

    bool full() const { return out_.problems.size() >= limits::kManifestProblems; }

    void read(const Value& document) {
        model::Decoded decoded = model::decode(document, file_);
        for (Problem& problem : decoded.problems) {
            if (!full()) out_.problems.push_back(std::move(problem));
        }
        if (!decoded.problems.empty()) return;
        if (!decoded.known_kind) return skip(document, decoded.kind_text);
        take(std::move(*decoded.object));
    }

private:
    void skip(const Value& document, const std::string& kind) {
        out_.skipped.push_back(
            file_ + ':' + std::to_string(document.place.line) + ": " + kind +
            " is not read by Sluice"
        );
    }

    void take(model::Object object) {
        const model::ObjectKey key = model::key_of(object);
        const model::Origin origin = origin_of(object);
        const auto [first, fresh] = lines_.emplace(key, origin.place.line);
        if (fresh) {
            out_.objects.push_back(std::move(object));
            return;
        }
        const std::string message = to_string(key) + " stands also in line " +
                                    std::to_string(first->second) +
                                    " of this file: keep one of them";
        if (!full()) out_.problems.push_back({origin, "metadata.name", message});
    }

    const std::string& file_;
    Manifest& out_;
    std::map<model::ObjectKey, int> lines_;
};

}  // namespace

const model::Origin& origin_of(const model::Object& object) {
    return std::visit(
        [](const auto& pointer) -> const model::Origin& { return pointer->meta.origin; }, object
    );
}

Manifest parse_manifest(std::string_view text, const std::string& file) {
    Manifest out;
    const auto documents = documents_of(text, file);
    if (!documents) {
        out.problems.push_back(documents.error());
        return out;
    }
    Reading reading(file, out);
    for (const Value& document : *documents) {
        for (const Value* item : model::items_of(document)) {
            if (!reading.full()) reading.read(*item);
        }
    }
    if (!out.problems.empty()) out.objects.clear();
    return out;
}

}  // namespace sluice::files
