// Builds a Value from nlohmann's SAX events; the library and its exceptions stay in this file.
#include "controller/model/json.h"

#include <iterator>
#include <limits>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::model {
namespace {

// Follows the text as the lexer eats it, to know where the present token began: SAX events carry no
// place.
class Position {
public:
    void eat(char c) {
        last_ = here_;
        if (in_string_) {
            if (escaped_)
                escaped_ = false;
            else if (c == '\\')
                escaped_ = true;
            else if (c == '"')
                in_string_ = false;
        } else if (c == '"') {
            in_string_ = true;
            token_ = here_;
            in_word_ = false;
        } else if (c == '{' || c == '[') {
            token_ = here_;
            in_word_ = false;
        } else {
            const bool word = std::string_view(" \t\r\n,:]}").find(c) == std::string_view::npos;
            if (word && !in_word_) token_ = here_;
            in_word_ = word;
        }
        if (c == '\n') {
            ++here_.line;
            here_.column = 1;
        } else {
            ++here_.column;
        }
    }
    Place token() const { return token_; }
    Place last() const { return last_; }

private:
    Place here_{1, 1};
    Place last_{1, 1};
    Place token_{1, 1};
    bool in_string_ = false;
    bool escaped_ = false;
    bool in_word_ = false;
};

// An input iterator over the text that tells the position about every byte.
class Reader {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    Reader(const char* at, Position* position) : at_(at), position_(position) {}
    reference operator*() const { return *at_; }
    Reader& operator++() {
        position_->eat(*at_);
        ++at_;
        return *this;
    }
    bool operator==(const Reader& other) const { return at_ == other.at_; }
    bool operator!=(const Reader& other) const { return at_ != other.at_; }

private:
    const char* at_;
    Position* position_;
};

class Builder final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Builder(const Position& position) : position_(position) {}

    bool null() override { return add({}); }
    bool boolean(bool value) override {
        Value node;
        node.kind = Value::Kind::boolean;
        node.boolean = value;
        return add(std::move(node));
    }
    bool number_integer(number_integer_t value) override { return integer(value); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
            return integer(static_cast<int64_t>(value));
        }
        return number_float(static_cast<double>(value), {});
    }
    bool number_float(number_float_t value, const string_t&) override {
        Value node;
        node.kind = Value::Kind::number;
        node.number = value;
        return add(std::move(node));
    }
    bool string(string_t& value) override {
        Value node;
        node.kind = Value::Kind::string;
        node.string = std::move(value);
        return add(std::move(node));
    }
    bool binary(binary_t&) override { return fail("holds binary data"); }
    bool start_object(std::size_t) override { return open(Value::Kind::map); }
    bool start_array(std::size_t) override { return open(Value::Kind::list); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& value) override {
        Level& level = levels_.back();
        if (!level.keys.insert(value).second) {
            return fail("the key " + in_quotes(value) + " stands twice in this map: keep one");
        }
        level.node.key_places.push_back(position_.token());
        level.node.map.emplace_back(std::move(value), Value{});
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        place_ = position_.last();
        message_ = "is not valid JSON here";
        return false;
    }

    Value& root() { return root_; }
    Place place() const { return place_; }
    const std::string& message() const { return message_; }

private:
    struct Level {
        Value node;
        std::unordered_set<std::string> keys;
    };

    bool fail(std::string message) {
        place_ = position_.token();
        message_ = std::move(message);
        return false;
    }
    bool integer(int64_t value) {
        Value node;
        node.kind = Value::Kind::integer;
        node.integer = value;
        return add(std::move(node));
    }
    bool count() {
        if (++nodes_ <= limits::kManifestNodes) return true;
        return fail(
            "has more than " + std::to_string(limits::kManifestNodes) + " values: split it"
        );
    }
    bool add(Value node) {
        node.place = position_.token();
        return count() && place_in_parent(std::move(node));
    }
    bool place_in_parent(Value node) {
        if (levels_.empty()) {
            root_ = std::move(node);
            return true;
        }
        Value& parent = levels_.back().node;
        if (parent.kind == Value::Kind::map)
            parent.map.back().second = std::move(node);
        else
            parent.list.push_back(std::move(node));
        return true;
    }
    bool open(Value::Kind kind) {
        if (levels_.size() >= limits::kManifestDepth) {
            return fail(
                "is nested deeper than " + std::to_string(limits::kManifestDepth) + " levels"
            );
        }
        if (!count()) return false;
        Level& level = levels_.emplace_back();
        level.node.kind = kind;
        level.node.place = position_.token();
        return true;
    }
    bool close() {
        Value node = std::move(levels_.back().node);
        levels_.pop_back();
        return place_in_parent(std::move(node));
    }

    const Position& position_;
    std::vector<Level> levels_;
    Value root_;
    size_t nodes_ = 0;
    Place place_;
    std::string message_;
};

}  // namespace

tl::expected<Value, Problem> parse_json(std::string_view text, const std::string& file) {
    if (text.size() > limits::kManifestBytes) {
        return tl::unexpected<Problem>(Problem{
            {file, {}},
            "",
            "has more than " + std::to_string(limits::kManifestBytes) + " bytes: split it"
        });
    }
    Position position;
    Builder builder(position);
    const char* const begin = text.data();
    const bool parsed = nlohmann::json::sax_parse(
        Reader(begin, &position), Reader(begin + text.size(), &position), &builder
    );
    if (parsed) return std::move(builder.root());
    return tl::unexpected<Problem>(Problem{{file, builder.place()}, "", builder.message()});
}

}  // namespace sluice::model
