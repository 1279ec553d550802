// Walks to where the path leaves the radix tree and looks at what lies below: at most kMostNodes
// nodes and kMostDistances edit distances, so that a flood of 404s stays cheap.
#include "proxy/route/closest.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "table/limits.h"

namespace sluice::route {
namespace {

constexpr size_t kMostNodes = 1000;
constexpr size_t kMostDistances = 64;
constexpr size_t kMostEdits = 3;
constexpr size_t kMostCompared = 64;  // bytes behind the shared beginning
constexpr size_t kFar = kMostEdits + 1;

// Levenshtein distance up to kMostEdits, else kFar: only a band around the diagonal is computed.
size_t edits_between(std::string_view a, std::string_view b) {
    if (a.size() > kMostCompared || b.size() > kMostCompared) return kFar;
    const size_t longer = std::max(a.size(), b.size());
    if (longer - std::min(a.size(), b.size()) > kMostEdits) return kFar;
    std::array<size_t, kMostCompared + 1> row;
    for (size_t j = 0; j <= b.size(); ++j) row[j] = std::min(j, kFar);
    for (size_t i = 1; i <= a.size(); ++i) {
        const size_t from = i > kMostEdits ? i - kMostEdits : 1;
        const size_t to = std::min(b.size(), i + kMostEdits);
        size_t diagonal = row[from - 1];
        row[from - 1] = from == 1 ? std::min(i, kFar) : kFar;
        for (size_t j = from; j <= to; ++j) {
            const size_t above = j == i + kMostEdits ? kFar : row[j];
            const size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, above + 1, row[j - 1] + 1, kFar});
        }
    }
    return row[b.size()];
}

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

class Walk {
public:
    Walk(const table::RoutesView& routes, std::string_view path, std::span<char> room)
        : routes_(routes), path_(path), room_(room) {}

    std::string_view from(uint32_t root) {
        push(descend(root));
        while (depth_ > 0) visit(stack_[--depth_]);
        if (best_edits_ <= kMostEdits) return best();
        return shares_an_element() && best_length_ > 0 ? best() : std::string_view();
    }

private:
    struct Entry {
        uint32_t node;
        uint32_t before;  // bytes of the path above the node's label
    };

    // To the last node whose label begins as the path goes on; sets shared_.
    Entry descend(uint32_t root) {
        Entry entry{root, 0};
        for (;;) {
            const table::Node& node = routes_.nodes()[entry.node];
            const std::string_view label = routes_.text(node.label);
            const std::string_view rest = path_.substr(entry.before);
            const auto differ = std::mismatch(label.begin(), label.end(), rest.begin(), rest.end());
            shared_ = entry.before + static_cast<size_t>(differ.first - label.begin());
            if (differ.first != label.end() || shared_ == path_.size()) return entry;
            if (node.children.count == 0) return entry;
            const uint8_t* const siblings = routes_.node_bytes().data() + node.children.first;
            const void* const hit = std::memchr(siblings, path_[shared_], node.children.count);
            if (hit == nullptr) return entry;
            const auto child = static_cast<const uint8_t*>(hit) - siblings;
            entry.node = node.children.first + static_cast<uint32_t>(child);
            entry.before = static_cast<uint32_t>(shared_);
        }
    }

    void push(Entry entry) {
        if (pushed_ == kMostNodes) return;
        ++pushed_;
        stack_[depth_++] = entry;
    }

    // text_[0, entry.before) is right already: the stack is left child by child, and a subtree
    // writes only behind its own beginning.
    void visit(Entry entry) {
        const table::Node& node = routes_.nodes()[entry.node];
        const std::string_view label = routes_.text(node.label);
        const size_t length = entry.before + label.size();
        if (length > text_.size()) return;
        if (entry.before < shared_) {  // the node that the descent ended at
            std::copy_n(path_.data(), entry.before, text_.data());
        }
        std::copy(label.begin(), label.end(), text_.data() + entry.before);
        if (length > 0 && node.exact.count + node.prefix.count > 0)
            consider({text_.data(), length});
        for (uint32_t i = 0; i < node.children.count; ++i) {
            push({node.children.first + i, static_cast<uint32_t>(length)});
        }
    }

    void consider(std::string_view candidate) {
        if (candidate.size() > room_.size()) return;
        const size_t shared = std::min(shared_, candidate.size());
        size_t edits = kFar;
        if (differs_in_case_only(path_, candidate)) {
            edits = 0;
        } else if (distances_ < kMostDistances) {
            const std::string_view rest = path_.substr(shared);
            edits = edits_between(rest, candidate.substr(shared));
            // Short paths are a few edits away from everything: that resembles nothing.
            if (edits > std::min(path_.size(), candidate.size()) / 3) edits = kFar;
            ++distances_;
        }
        if (best_length_ != 0 && !is_better(edits, candidate.size())) return;
        best_edits_ = edits;
        best_length_ = candidate.size();
        std::copy(candidate.begin(), candidate.end(), room_.data());
    }

    // Of those that differ in case the longest is the most specific; of the others the shortest is
    // the simplest guess.
    bool is_better(size_t edits, size_t length) const {
        if (edits != best_edits_) return edits < best_edits_;
        return edits == 0 ? length > best_length_ : length < best_length_;
    }

    bool shares_an_element() const {
        const size_t last_slash = path_.substr(0, shared_).rfind('/');
        if (last_slash != std::string_view::npos && last_slash > 0) return true;
        return shared_ > 1 && shared_ < path_.size() && path_[shared_] == '/';
    }
    std::string_view best() const { return {room_.data(), best_length_}; }

    const table::RoutesView& routes_;
    std::string_view path_;
    std::span<char> room_;
    size_t shared_ = 0;  // bytes that the path has in common with the tree
    size_t best_edits_ = kFar;
    size_t best_length_ = 0;
    size_t distances_ = 0;
    size_t pushed_ = 0;
    size_t depth_ = 0;
    std::array<Entry, kMostNodes> stack_;
    std::array<char, limits::kPathBytes> text_;
};

}  // namespace

bool differs_in_case_only(std::string_view path, std::string_view rule_path) {
    if (rule_path.empty() || path.size() < rule_path.size()) return false;
    if (path.size() > rule_path.size() && path[rule_path.size()] != '/') return false;
    if (path.starts_with(rule_path)) return false;
    return std::equal(rule_path.begin(), rule_path.end(), path.begin(), [](char a, char b) {
        return lower(a) == lower(b);
    });
}

std::string_view closest_path(
    const table::RoutesView& routes,
    const table::Host& host,
    std::string_view path,
    std::span<char> room
) {
    if (host.root == table::kNone) return {};
    return Walk(routes, path, room).from(host.root);
}

}  // namespace sluice::route
