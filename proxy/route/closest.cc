// In the order of their texts, the paths that share the longest beginning with another one stand
// together where it would stand itself. At most kMostPaths of them are looked at and kMostDistances
// edit distances computed, so that a flood of 404s stays cheap.
#include "proxy/route/closest.h"

#include <algorithm>
#include <array>
#include <span>

namespace sluice::route {
namespace {

constexpr size_t kMostPaths = 1000;
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

size_t shared_by(std::string_view a, std::string_view b) {
    return static_cast<size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

class Search {
public:
    Search(const table::RoutesView& routes, const table::Host& host, std::string_view path)
        : routes_(routes),
          paths_(routes.paths_of(host)),
          order_(routes.path_order_of(host)),
          path_(path) {}

    std::string_view closest() {
        const auto place = std::ranges::lower_bound(order_, path_, {}, [&](uint32_t i) {
            return routes_.text(paths_[i]);
        });
        auto before = static_cast<size_t>(place - order_.begin());  // [0, before) stand before it
        size_t behind = before;
        shared_ = 0;
        if (before > 0) shared_ = shared_by(path_, text(before - 1));
        if (behind < order_.size()) shared_ = std::max(shared_, shared_by(path_, text(behind)));
        for (size_t left = kMostPaths; left > 0; --left) {
            if (behind < order_.size() && shares(text(behind))) {
                consider(text(behind++));
            } else if (before > 0 && shares(text(before - 1))) {
                consider(text(--before));
            } else {
                break;
            }
        }
        if (best_edits_ <= kMostEdits) return best_;
        return shares_an_element() ? best_ : std::string_view();
    }

private:
    std::string_view text(size_t place) const { return routes_.text(paths_[order_[place]]); }
    bool shares(std::string_view candidate) const {
        return candidate.substr(0, shared_) == path_.substr(0, shared_);
    }

    void consider(std::string_view candidate) {
        if (candidate.empty()) return;
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
        if (!best_.empty() && !is_better(edits, candidate.size())) return;
        best_edits_ = edits;
        best_ = candidate;
    }

    // Of those that differ in case the longest is the most specific; of the others the shortest is
    // the simplest guess.
    bool is_better(size_t edits, size_t length) const {
        if (edits != best_edits_) return edits < best_edits_;
        return edits == 0 ? length > best_.size() : length < best_.size();
    }

    bool shares_an_element() const {
        const size_t last_slash = path_.substr(0, shared_).rfind('/');
        if (last_slash != std::string_view::npos && last_slash > 0) return true;
        return shared_ > 1 && shared_ < path_.size() && path_[shared_] == '/';
    }

    const table::RoutesView& routes_;
    std::span<const table::Path> paths_;
    std::span<const uint32_t> order_;
    std::string_view path_;
    size_t shared_ = 0;  // bytes that the path has in common with those nearest to it
    size_t best_edits_ = kFar;
    size_t distances_ = 0;
    std::string_view best_;
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
    const table::RoutesView& routes, const table::Host& host, std::string_view path
) {
    return Search(routes, host, path).closest();
}

}  // namespace sluice::route
