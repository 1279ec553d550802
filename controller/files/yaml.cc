// Builds Values from yaml-cpp's events. Events, not its Node: Node drops the second of two equal
// keys in silence, applies YAML 1.1 to scalars, and expands nothing that could be counted.
#include "controller/files/yaml.h"

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <unordered_set>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "controller/files/scalar.h"
#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::files {
namespace {

using model::Place;
using model::Problem;
using model::Value;

Place place_of(const YAML::Mark& mark) {
    return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1};
}

// Leaves yaml-cpp's recursion; caught in parse_yaml and nowhere else.
struct Refused {
    Place place;
    std::string message;
};

// What a subtree costs when an alias repeats it.
struct Cost {
    size_t nodes = 0;
    size_t bytes = 0;
    size_t depth = 0;  // levels; a scalar has none
};

class Builder final : public YAML::EventHandler {
public:
    explicit Builder(std::vector<Value>& documents) : documents_(documents) {}

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (++started_ > limits::kManifestDocuments) {
            refuse(mark, "more than " + std::to_string(limits::kManifestDocuments) + " documents");
        }
        anchors_.clear();
    }
    void OnDocumentEnd() override {
        if (root_ && root_->kind != Value::Kind::null) documents_.push_back(std::move(*root_));
        root_.reset();
    }
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        // yaml-cpp lets a last key stand without ':' and gives its null the key's own place.
        if (!levels_.empty() && levels_.back().key) {
            const Place key = levels_.back().value.key_places.back();
            const Place here = place_of(mark);
            if (key.line == here.line && key.column == here.column) {
                refuse(mark, "the key " + model::in_quotes(*levels_.back().key) + " has no value");
            }
        }
        leaf(Value{}, mark, anchor);
    }
    void OnScalar(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        const std::string& text
    ) override {
        // yaml-cpp tags a quoted scalar "!" and an untagged plain one "?".
        if (tag == "!" || tag == "tag:yaml.org,2002:str" || expects_key()) {
            Value value;
            value.kind = Value::Kind::string;
            value.string = text;
            return leaf(std::move(value), mark, anchor);
        }
        const bool plain = tag.empty() || tag == "?";
        if (!plain)
            refuse(mark, "the tag " + model::in_quotes(tag) + " is not supported: remove it");
        leaf(plain_scalar(text), mark, anchor);
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end())
            refuse(mark, "an alias stands inside the value that it repeats");
        const auto& [value, cost] = known->second;
        if (levels_.size() + cost.depth > limits::kManifestDepth) refuse_depth(mark);
        count(cost, mark);
        put(Value(value), cost, mark);
    }
    void OnSequenceStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value
    ) override {
        open(Value::Kind::list, mark, tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(
        const YAML::Mark& mark,
        const std::string& tag,
        YAML::anchor_t anchor,
        YAML::EmitterStyle::value
    ) override {
        open(Value::Kind::map, mark, tag, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Level {
        Value value;
        YAML::Mark mark;
        YAML::anchor_t anchor = YAML::NullAnchor;
        std::optional<std::string> key;  // read, waiting for its value
        std::unordered_set<std::string> keys;
        Cost cost;
    };

    [[noreturn]] static void refuse(const YAML::Mark& mark, std::string message) {
        throw Refused{place_of(mark), std::move(message)};
    }
    [[noreturn]] static void refuse_depth(const YAML::Mark& mark) {
        refuse(mark, "nested deeper than " + std::to_string(limits::kManifestDepth) + " levels");
    }

    // Each copy counts: where it stands, and where an anchor keeps it.
    void count(const Cost& cost, const YAML::Mark& mark) {
        nodes_ += cost.nodes;
        bytes_ += cost.bytes;
        const bool many = nodes_ > limits::kManifestNodes;
        if (!many && bytes_ <= limits::kManifestTextBytes) return;
        const std::string what =
            many ? std::to_string(limits::kManifestNodes) + " values"
                 : std::to_string(limits::kManifestTextBytes) + " bytes of text";
        refuse(mark, "more than " + what + ", aliases counted: split the file");
    }

    bool expects_key() const {
        return !levels_.empty() && levels_.back().value.kind == Value::Kind::map &&
               !levels_.back().key;
    }

    void leaf(Value value, const YAML::Mark& mark, YAML::anchor_t anchor) {
        value.place = place_of(mark);
        const Cost cost{1, value.string.size(), 0};
        count(cost, mark);
        remember(anchor, value, cost, mark);
        put(std::move(value), cost, mark);
    }

    void remember(
        YAML::anchor_t anchor, const Value& value, const Cost& cost, const YAML::Mark& mark
    ) {
        if (anchor == YAML::NullAnchor) return;
        count(cost, mark);
        anchors_.insert_or_assign(anchor, std::pair{value, cost});
    }

    void put(Value value, const Cost& cost, const YAML::Mark& mark) {
        if (levels_.empty()) {
            root_ = std::move(value);
            return;
        }
        Level& level = levels_.back();
        level.cost.nodes += cost.nodes;
        level.cost.bytes += cost.bytes;
        level.cost.depth = std::max(level.cost.depth, cost.depth + 1);
        if (level.value.kind == Value::Kind::list) {
            level.value.list.push_back(std::move(value));
            return;
        }
        if (level.key) {
            level.value.map.emplace_back(std::move(*level.key), std::move(value));
            level.key.reset();
            return;
        }
        if (value.kind != Value::Kind::string)
            refuse(mark, "a key must be text; is a bracket left open?");
        if (!level.keys.insert(value.string).second) {
            refuse(
                mark,
                "the key " + model::in_quotes(value.string) + " stands twice in this map: keep one"
            );
        }
        level.value.key_places.push_back(place_of(mark));
        level.key = std::move(value.string);
    }

    void open(
        Value::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor
    ) {
        const bool plain =
            tag.empty() || tag == "?" || tag == "!" ||
            tag == (kind == Value::Kind::map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq");
        if (!plain)
            refuse(mark, "the tag " + model::in_quotes(tag) + " is not supported: remove it");
        if (levels_.size() >= limits::kManifestDepth) refuse_depth(mark);
        if (expects_key()) refuse(mark, "a key must be text; is a bracket left open?");
        count({1, 0, 0}, mark);
        Level& level = levels_.emplace_back();
        level.value.kind = kind;
        level.value.place = place_of(mark);
        level.mark = mark;
        level.anchor = anchor;
        level.cost = {1, 0, 1};
    }

    void close() {
        Level level = std::move(levels_.back());
        levels_.pop_back();
        remember(level.anchor, level.value, level.cost, level.mark);
        put(std::move(level.value), level.cost, level.mark);
    }

    std::vector<Value>& documents_;
    std::optional<Value> root_;
    std::vector<Level> levels_;
    std::map<YAML::anchor_t, std::pair<Value, Cost>> anchors_;
    size_t started_ = 0;
    size_t nodes_ = 0;
    size_t bytes_ = 0;
};

tl::unexpected<Problem> problem(const std::string& file, Place place, std::string message) {
    return tl::unexpected<Problem>(Problem{{file, place}, "", std::move(message)});
}

// yaml-cpp quotes single bytes of the text, which may be half of a character.
std::string printable(std::string text) {
    for (char& c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte >= 0x7f) c = '?';
    }
    return text;
}

// yaml-cpp has many words for a tab that indents, and "tab" is in none of them. Asked only about
// the line that it refused and the one before: elsewhere a tab may stand inside a text.
std::optional<Place> find_tab_indent(std::string_view text, int refused_line) {
    size_t begin = 0;
    for (int line = 1; line <= refused_line && begin < text.size(); ++line) {
        const size_t end = std::min(text.find('\n', begin), text.size());
        const std::string_view row = text.substr(begin, end - begin);
        begin = end + 1;
        const size_t tab = row.find_first_not_of(' ');
        const bool tabbed = tab != std::string_view::npos && row[tab] == '\t';
        if (tabbed && line + 1 >= refused_line) {
            return Place{line, static_cast<int>(tab) + 1};
        }
    }
    return std::nullopt;
}

// Ends the last document in so many words. Without that, yaml-cpp takes the end of the file for the
// closing quote of a text: a half-written file would pass.
std::string with_end(std::string_view text) {
    std::string whole{text};
    if (!whole.ends_with('\n')) whole += '\n';
    return whole += "...\n";
}

}  // namespace

tl::expected<std::vector<Value>, Problem> parse_yaml(
    std::string_view text, const std::string& file
) {
    std::vector<Value> documents;
    Builder builder(documents);
    try {
        std::istringstream stream{with_end(text)};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
    } catch (const Refused& refused) {
        return problem(file, refused.place, refused.message);
    } catch (const YAML::Exception& error) {
        const Place place = place_of(error.mark);
        if (const auto tab = find_tab_indent(text, place.line)) {
            return problem(file, *tab, "is not valid YAML: a tab may not indent: use spaces");
        }
        return problem(file, place, "is not valid YAML: " + printable(error.msg));
    }
    return documents;
}

}  // namespace sluice::files
