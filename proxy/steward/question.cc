// Query parameters to a request head.
#include "proxy/steward/question.h"

#include <algorithm>

#include "proxy/route/query.h"

namespace sluice::steward {
namespace {

struct Parameter {
    std::string name;
    std::string value;
};

std::string decoded(std::string_view raw) {
    std::string text(raw.size(), '\0');
    text.resize(route::decode_percent(raw, text.data()));
    return text;
}

// Takes the first parameter off `query`.
Parameter take_parameter(std::string_view& query) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = std::min(pair.find('='), pair.size());
    return {
        decoded(pair.substr(0, equals)), decoded(pair.substr(std::min(equals + 1, pair.size())))
    };
}

// As a browser writes it: a blank in a path never reaches the wire.
std::string without_blanks(std::string_view path) {
    std::string target;
    for (const char c : path) {
        if (c == ' ') {
            target += "%20";
        } else {
            target += c;
        }
    }
    return target;
}

// "name:value", or "name: value".
bool append_header(std::string& fields, std::string_view text) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return false;
    std::string_view value = text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    fields.append(text.substr(0, colon)).append(": ").append(value).append("\r\n");
    return true;
}

}  // namespace

tl::expected<std::string, std::string> head_asked(std::string_view query) {
    const auto bad = [](std::string why) { return tl::unexpected<std::string>(std::move(why)); };
    std::string method = "GET";
    std::string path = "/";
    std::string fields;
    while (!query.empty()) {
        const auto [name, value] = take_parameter(query);
        if (value.find_first_of("\r\n") != std::string::npos) {
            return bad(name + ": a line end would end the line; no client can send it there");
        }
        if (name == "method") {
            method = value;
        } else if (name == "path") {
            path = without_blanks(value);
        } else if (name == "host") {
            fields += "host: " + value + "\r\n";
        } else if (name == "header") {
            if (!append_header(fields, value)) return bad("header: write it as name:value");
        } else if (!name.empty()) {
            return bad(
                "unknown parameter \"" + name + "\": there are method, host, path and header"
            );
        }
    }
    return method + " " + path + " HTTP/1.1\r\n" + fields + "\r\n";
}

}  // namespace sluice::steward
