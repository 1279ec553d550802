// One pass over a pattern with a stack of open groups: syntax, and an upper bound of the
// instructions that RE2 would compile it to. The costs stand in one place and are checked against
// RE2 in tests/unit/compile.
#include "controller/compile/pattern.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "controller/compile/pattern_class.h"
#include "controller/compile/pattern_text.h"
#include "controller/compile/pattern_width.h"
#include "controller/model/checks.h"
#include "table/limits.h"

namespace sluice::compile {
namespace {

constexpr uint64_t kMaxRepeat = 1000;  // RE2's own, over nested repetitions too
constexpr size_t kMaxDepth = 100;
constexpr uint64_t kInstructions = static_cast<uint64_t>(limits::kRegexProgram);

// Instructions, at most.
constexpr uint64_t kAnyCost = 4;     // "."
constexpr uint64_t kGroupCost = 3;   // capture begin and end, or a nop
constexpr uint64_t kAssertCost = 1;  // ^ $ \b and a branch

class Parser {
public:
    explicit Parser(std::string_view pattern) : text_(pattern), folds_(mentions_fold(pattern)) {}

    // "" or the fault.
    std::string run() {
        while (fault_.empty() && !text_.at_end()) step();
        if (fault_.empty() && groups_.size() > 1) fault_ = "lacks a ')'";
        if (fault_.empty()) fault_ = width_.fault();
        return fault_;
    }

private:
    struct Group {
        uint64_t cost = 0;
        uint64_t repeats = 1;    // the largest product of nested counts in it
        uint64_t last_cost = 0;  // of the piece before, which a repetition multiplies
        uint64_t last_repeats = 1;
        bool can_repeat = false;
    };

    // Flags may be anywhere; costs are those of folded case as soon as one "(?...i" is in sight.
    static bool mentions_fold(std::string_view pattern) {
        for (size_t at = pattern.find("(?"); at != pattern.npos; at = pattern.find("(?", at + 2)) {
            const size_t end = pattern.find_first_not_of("imsU-", at + 2);
            if (pattern.substr(at, end - at).find('i') != pattern.npos) return true;
        }
        return false;
    }

    void fail(std::string_view fault) {
        if (fault_.empty()) fault_ = fault;
    }

    void piece(uint64_t cost, bool can_repeat = true, uint64_t repeats = 1) {
        Group& group = groups_.back();
        group.cost += cost;
        group.last_cost = cost;
        group.last_repeats = repeats;
        group.can_repeat = can_repeat;
        group.repeats = std::max(group.repeats, repeats);
        if (group.cost > kInstructions) fail("is too large once it is compiled: repeat less");
    }

    void step() {
        switch (text_.peek()) {
            case '(':
                return open_group();
            case ')':
                return close_group();
            case '[':
                return character_class();
            case '\\':
                return escape();
            case '*':
            case '+':
            case '?':
                return repeated();
            case '{':
                return counted();
            case '|':
                width_.branch();
                [[fallthrough]];
            case '^':
            case '$':
                text_.skip();
                return piece(kAssertCost, false);
            case '.':
                text_.skip();
                width_.set();
                return piece(kAnyCost);
            default:
                return literal(text_.take_character());
        }
    }

    void literal(std::optional<uint8_t> character) {
        if (!character) {
            return fail(
                "must be ASCII: paths are matched escaped (%C3%A9), all else by bytes (\\xC3)"
            );
        }
        width_.literal(*character, folds_);
        piece(character_cost(folds_));
    }

    void open_group() {
        text_.skip();
        if (groups_.size() > kMaxDepth) return fail("nests its groups too deeply");
        if (text_.take('?')) {
            const GroupHead head = text_.take_group_head(names_);
            if (!head.fault.empty()) return fail(head.fault);
            if (!head.opens) {  // flags alone: no piece to repeat
                groups_.back().can_repeat = false;
                return;
            }
        }
        groups_.emplace_back();
        width_.open();
    }

    void close_group() {
        text_.skip();
        if (groups_.size() == 1) return fail("has a ')' too many");
        const Group inner = groups_.back();
        groups_.pop_back();
        width_.close();
        piece(inner.cost + kGroupCost, true, inner.repeats);
    }

    void character_class() {
        text_.skip();
        const ClassResult result = parse_class(text_, folds_);
        if (!result.fault.empty()) return fail(result.fault);
        width_.set(result.members);
        piece(result.cost);
    }

    void escape() {
        text_.skip();
        if (text_.at_end()) return fail("ends with a backslash");
        const char c = text_.peek();
        if (std::string_view("bBAz").find(c) != std::string_view::npos) {
            text_.skip();
            return piece(kAssertCost, false);
        }
        if (is_class_letter(c)) {
            text_.skip();
            width_.set(class_letter_set(c));
            return piece(class_letter_cost());
        }
        const std::optional<uint8_t> character = text_.take_escaped();
        if (!character) return fail("has an escape that is not supported");
        literal(character);
    }

    // "*", "+" and "?".
    void repeated() {
        const char c = text_.peek();
        text_.skip();
        const bool may_repeat = groups_.back().can_repeat;
        repeat(1, 1);
        if (!may_repeat) return;
        if (c == '?') return width_.repeat(0, 1);
        width_.repeat(c == '+' ? 1 : 0, std::nullopt);
    }

    // `copies` of the piece before; `count` is what nested repetitions multiply.
    void repeat(uint64_t copies, uint64_t count) {
        Group& group = groups_.back();
        if (!group.can_repeat) return fail("repeats what cannot be repeated");
        const uint64_t last = group.last_cost;
        const uint64_t repeats = group.last_repeats * std::max<uint64_t>(count, 1);
        if (repeats > kMaxRepeat) return fail("repeats more than 1000 times");
        group.cost -= last;
        text_.take('?');  // the lazy form
        piece(last * std::max<uint64_t>(copies, 1) + 2 * copies + 1, false, repeats);
    }

    // "{" is itself unless digits follow.
    void counted() {
        text_.skip();
        if (text_.at_end() || !is_digit(text_.peek())) return literal('{');
        const std::optional<uint64_t> least = text_.take_number(kMaxRepeat);
        std::optional<uint64_t> most = least;
        bool is_open = false;
        if (text_.take(',')) {
            is_open = !text_.at_end() && text_.peek() == '}';
            if (!is_open) most = text_.take_number(kMaxRepeat);
        }
        if (!least || !most || *most < *least || !text_.take('}')) {
            return fail("has a repetition that is not {n}, {n,} or {n,m} with at most 1000");
        }
        const bool may_repeat = groups_.back().can_repeat;
        repeat(*most + (is_open ? 1 : 0), *most);
        if (may_repeat) width_.repeat(*least, is_open ? std::nullopt : most);
    }

    PatternText text_;
    PatternWidth width_;
    bool folds_;
    std::vector<Group> groups_{1};
    std::set<std::string> names_;
    std::string fault_;
};

}  // namespace

std::string why_pattern_refused(std::string_view pattern) {
    if (pattern.empty()) return "must not be empty";
    if (pattern.size() > limits::kRegexBytes) {
        return "has more than " + std::to_string(limits::kRegexBytes) + " bytes";
    }
    const model::Complaint complaint = model::check_printable(pattern);
    if (!complaint.empty()) return std::string(complaint);
    return Parser(pattern).run();
}

}  // namespace sluice::compile
