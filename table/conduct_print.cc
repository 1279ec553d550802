// What of a rule is its conduct, as bytes: numbers, and texts behind their lengths.
#include "table/conduct_print.h"

#include <string_view>

namespace sluice::table {

void print_conduct(const RuleSpec& rule, std::string& print) {
    print.clear();
    const auto number = [&](uint32_t value) {
        print.append(reinterpret_cast<const char*>(&value), sizeof value);
    };
    const auto text = [&](std::string_view value) {
        number(static_cast<uint32_t>(value.size()));
        print.append(value);
    };
    for (const auto* edits : {&rule.request_edits, &rule.response_edits}) {
        number(static_cast<uint32_t>(edits->size()));
        for (const EditSpec& edit : *edits) {
            number(static_cast<uint32_t>(edit.kind));
            text(edit.name);
            text(edit.value);
        }
    }
    for (const uint32_t value :
         {static_cast<uint32_t>(rule.policy),
          static_cast<uint32_t>(rule.rewrite_kind),
          static_cast<uint32_t>(rule.ai),
          rule.connect_ms,
          rule.first_byte_ms,
          rule.idle_ms,
          rule.request_ms}) {
        number(value);
    }
    text(rule.rewrite_path);
    text(rule.rewrite_host);
    if (!rule.redirect) return;
    number(static_cast<uint32_t>(rule.redirect->path_kind));
    number(uint32_t{rule.redirect->status} << 16 | rule.redirect->port);
    text(rule.redirect->scheme);
    text(rule.redirect->host);
    text(rule.redirect->path);
}

}  // namespace sluice::table
