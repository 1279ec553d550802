// What rules do: splits, edits, redirects, clocks; and the backends and regexes that all of them
// share.
#include <algorithm>
#include <array>

#include "table/flaw.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/text_rules.h"
#include "table/verify.h"

namespace sluice::table {
namespace {

class RulesCheck {
public:
    explicit RulesCheck(const RoutesView& view)
        : view_(view),
          conducts_(view.conducts().size()),
          splits_(view.splits().size()),
          edits_(view.edits().size()),
          redirects_(view.redirects().size()) {}

    std::optional<Refusal> run() {
        for (size_t i = 0; i < view_.backends().size(); ++i) {
            if (const Flaw flaw = check_backend(i)) return refusal("backends", i, flaw);
        }
        for (size_t i = 0; i < view_.regexes().size(); ++i) {
            if (const Flaw flaw = check(view_.regexes()[i])) return refusal("regexes", i, flaw);
        }
        for (size_t i = 0; i < view_.conducts().size(); ++i) {
            const Conduct& before = i == 0 ? kNoConduct : view_.conducts()[i - 1];
            const Flaw flaw = check(view_.conducts()[i], before);
            if (flaw) return refusal("conducts", i, flaw);
        }
        for (size_t i = 0; i < view_.rules().size(); ++i) {
            const Rule& before = i == 0 ? kNoRule : view_.rules()[i - 1];
            if (const Flaw flaw = check(view_.rules()[i], before)) return refusal("rules", i, flaw);
        }
        if (!conducts_.is_at_end()) return refusal("conducts", conducts_.at(), kUnowned);
        if (!splits_.is_at_end()) return refusal("splits", splits_.at(), kUnowned);
        if (!edits_.is_at_end()) return refusal("edits", edits_.at(), kUnowned);
        if (!redirects_.is_at_end()) return refusal("redirects", redirects_.at(), kUnowned);
        return std::nullopt;
    }

private:
    static constexpr Rule kNoRule{};
    static constexpr Conduct kNoConduct{};
    static constexpr Flaw kUnowned{Reason::table_bad_reference, "belongs to no rule"};

    Flaw check_backend(size_t index) const {
        const Backend& backend = view_.backends()[index];
        if (!holds(view_, backend.name)) return bad_reference("name outside the pool");
        if (backend.name.length > limits::kNameBytes) return too_large("name");
        if (index == 0) return {};
        const uint64_t last = view_.backends()[index - 1].key;
        if (last == backend.key) return {Reason::key_collision, "key of the one before"};
        return last < backend.key ? Flaw{} : out_of_order("keys do not ascend");
    }

    // Patterns differ, so each has its own bytes of the pool: no table can make us hash more than
    // it.
    Flaw check(const Regex& regex) {
        if (!holds(view_, regex.pattern)) return bad_reference("pattern outside the pool");
        if (regex.pattern.length > limits::kRegexBytes) return too_large("pattern");
        pattern_bytes_ += regex.pattern.length;
        if (pattern_bytes_ > view_.pool().size()) return bad_value("pattern that is there twice");
        const bool own = regex.digest == hash64(view_.text(regex.pattern));
        return own ? Flaw{} : bad_value("digest of another pattern");
    }

    Flaw check(const Rule& rule, const Rule& before) {
        if (!holds(view_, {rule.name_offset, rule.name_length})) {
            return bad_reference("name outside the pool");
        }
        if (rule.name_length > limits::kNameBytes) return too_large("name");
        if (rule.reserved != 0) return bad_value("reserved bytes");
        // Conducts stand in the order in which rules first name them.
        if (rule.conduct > conducts_.at()) return bad_reference("conduct that is not the next");
        if (rule.conduct == conducts_.at()) {
            if (conducts_.is_at_end()) return bad_reference("conduct outside");
            conducts_.take_one();
        }
        return check_splits(rule, before);
    }

    Flaw check_splits(const Rule& rule, const Rule& before) {
        if (rule.split_count == 0 && view_.conduct_of(rule).redirect == kNone) {
            return bad_value("neither splits nor redirect");
        }
        if (rule.splits == before.splits && rule.split_count == before.split_count) return {};
        if (!splits_.take({rule.splits, rule.split_count})) {
            return bad_reference("splits that are not the next");
        }
        if (rule.split_count > limits::kSplitsPerRule) return too_large("splits");
        for (const Split& split : view_.splits_of(rule)) {
            if (const Flaw flaw = check(split)) return flaw;
        }
        return {};
    }

    Flaw check(const Conduct& conduct, const Conduct& before) {
        if (!is_known(conduct.policy, BalancePolicy::round_robin)) return bad_value("policy");
        if (conduct.ai > 1) return bad_value("ai is neither 0 nor 1");
        if (conduct.reserved != 0) return bad_value("reserved bytes");
        if (const Flaw flaw = check_clocks(conduct)) return flaw;
        if (const Flaw flaw = check_path(conduct.rewrite_kind, conduct.rewrite_path)) return flaw;
        if (const Flaw flaw = check_authority(conduct.rewrite_host)) return flaw;
        if (const Flaw flaw = check_edits(conduct.request_edits, before.request_edits)) return flaw;
        if (const Flaw flaw = check_edits(conduct.response_edits, before.response_edits)) {
            return flaw;
        }
        return check_redirect(conduct.redirect);
    }

    static Flaw check_clocks(const Conduct& conduct) {
        for (const uint32_t clock : {conduct.connect_ms, conduct.first_byte_ms, conduct.idle_ms}) {
            if (clock == 0 || clock > limits::kTimeoutMs) return bad_value("clock out of bounds");
        }
        if (conduct.request_ms > limits::kTimeoutMs) return bad_value("clock out of bounds");
        return {};
    }

    Flaw check(const Split& split) const {
        if (split.weight == 0 || split.weight > limits::kWeight) return bad_value("split weight");
        if (split.reason >= static_cast<uint32_t>(Reason::kCount)) return bad_value("split reason");
        if (split.reason != static_cast<uint32_t>(Reason::ok)) {
            return split.backend == kNone ? Flaw{} : bad_value("refused split with a backend");
        }
        return split.backend < view_.backends().size() ? Flaw{} : bad_reference("split backend");
    }

    Flaw check_path(RewriteKind kind, Text path) const {
        if (!is_known(kind, RewriteKind::full)) return bad_value("rewrite kind");
        if (!holds(view_, path)) return bad_reference("path outside the pool");
        if (path.length > limits::kPathBytes) return too_large("path");
        if (kind == RewriteKind::none && path.length != 0) return bad_value("path without a kind");
        return is_new_path(view_.text(path)) ? Flaw{} : bad_value("no canonical path");
    }

    Flaw check_authority(Text host) const {
        if (!holds(view_, host)) return bad_reference("host outside the pool");
        if (host.length > limits::kHostBytes) return too_large("host");
        return is_authority(view_.text(host)) ? Flaw{} : bad_value("no host");
    }

    Flaw check_edits(Range range, Range before) {
        if (range == before) return {};
        if (!edits_.take(range)) return bad_reference("edits that are not the next");
        if (range.count > limits::kEditsPerRule) return too_large("edits");
        for (const Edit& edit : view_.edits().subspan(range.first, range.count)) {
            if (const Flaw flaw = check(edit)) return flaw;
        }
        return {};
    }

    Flaw check(const Edit& edit) const {
        if (!holds(view_, edit.name)) return bad_reference("edit name outside the pool");
        if (!holds(view_, edit.value)) return bad_reference("edit value outside the pool");
        if (edit.name.length > limits::kFieldNameBytes) return too_large("edit name");
        if (edit.value.length > limits::kFieldValueBytes) return too_large("edit value");
        if (!is_known(edit.kind, EditKind::remove)) return bad_value("edit kind");
        if (!is_field_name(view_.text(edit.name))) return bad_value("edit name");
        if (edit.kind == EditKind::remove && edit.value.length != 0) {
            return bad_value("removal with a value");
        }
        return is_zero(edit.reserved) ? Flaw{} : bad_value("reserved bytes");
    }

    Flaw check_redirect(uint32_t index) {
        if (index == kNone) return {};
        if (!redirects_.take({index, 1})) return bad_reference("redirect that is not the next");
        const Redirect& redirect = view_.redirects()[index];
        if (!is_redirect_status(redirect.status)) return bad_value("redirect status");
        if (!is_zero(redirect.reserved)) return bad_value("reserved bytes");
        if (!holds(view_, redirect.scheme)) return bad_reference("scheme outside the pool");
        if (!is_scheme(view_.text(redirect.scheme))) return bad_value("redirect scheme");
        if (const Flaw flaw = check_authority(redirect.host)) return flaw;
        return check_path(redirect.path_kind, redirect.path);
    }

    const RoutesView& view_;
    size_t pattern_bytes_ = 0;
    Cursor conducts_;
    Cursor splits_;
    Cursor edits_;
    Cursor redirects_;
};

}  // namespace

std::optional<Refusal> why_rules_refused(const RoutesView& view) {
    return RulesCheck(view).run();
}

}  // namespace sluice::table
