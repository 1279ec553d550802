// A second reading of the rule for X-Forwarded-For, for tests: it shares no code with the first,
// splits, reads addresses and compares CIDRs by hand. An address is eight words.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::http::chain_oracle {

using Lines = std::vector<std::string>;
using Words = std::vector<unsigned>;

inline std::vector<std::string> split(const std::string& text, char at) {
    std::vector<std::string> parts(1);
    for (const char c : text) {
        if (c == at) {
            parts.emplace_back();
        } else {
            parts.back() += c;
        }
    }
    return parts;
}

inline std::optional<unsigned long> number(const std::string& text, int base, size_t digits) {
    const std::string allowed =
        std::string("0123456789abcdefABCDEF").substr(0, base == 10 ? 10 : 22);
    if (text.empty() || text.size() > digits) return {};
    if (text.find_first_not_of(allowed) != std::string::npos) return {};
    if (base == 10 && text.size() > 1 && text[0] == '0') return {};
    return std::stoul(text, nullptr, base);
}

inline std::optional<Words> dotted(const std::string& text) {
    Words bytes;
    for (const std::string& part : split(text, '.')) {
        const auto value = number(part, 10, 3);
        if (!value || *value > 255) return {};
        bytes.push_back(static_cast<unsigned>(*value));
    }
    if (bytes.size() != 4) return {};
    return bytes;
}

// The groups of one side of "::".
inline std::optional<Words> groups(const std::string& text) {
    Words words;
    if (text.empty()) return words;
    const std::vector<std::string> parts = split(text, ':');
    for (size_t i = 0; i < parts.size(); ++i) {
        const auto tail = i + 1 == parts.size() ? dotted(parts[i]) : std::nullopt;
        const auto value = number(parts[i], 16, 4);
        if (tail) {
            words.push_back((*tail)[0] * 256 + (*tail)[1]);
            words.push_back((*tail)[2] * 256 + (*tail)[3]);
        } else if (value) {
            words.push_back(static_cast<unsigned>(*value));
        } else {
            return {};
        }
    }
    return words;
}

inline std::optional<Words> address_words(const std::string& text) {
    if (const auto v4 = dotted(text)) {
        return Words{0, 0, 0, 0, 0, 0xffff, (*v4)[0] * 256 + (*v4)[1], (*v4)[2] * 256 + (*v4)[3]};
    }
    const size_t gap = text.find("::");
    if (gap == std::string::npos) {
        auto words = groups(text);
        if (!words || words->size() != 8) return {};
        return words;
    }
    auto front = groups(text.substr(0, gap));
    const auto back = groups(text.substr(gap + 2));
    if (!front || !back || front->size() + back->size() > 7) return {};
    if (gap > 0 && text.substr(0, gap).find('.') != std::string::npos) return {};
    front->resize(8 - back->size());
    front->insert(front->end(), back->begin(), back->end());
    return front;
}

inline std::optional<Words> element_words(const std::string& element) {
    std::string host = element;
    std::optional<std::string> port;
    if (!element.empty() && element[0] == '[') {
        const size_t end = element.find(']');
        if (end == std::string::npos) return {};
        host = element.substr(1, end - 1);
        if (host.find(':') == std::string::npos) return {};
        const std::string rest = element.substr(end + 1);
        if (!rest.empty() && rest[0] != ':') return {};
        if (!rest.empty()) port = rest.substr(1);
    } else if (split(element, ':').size() == 2) {
        host = split(element, ':')[0];
        port = split(element, ':')[1];
        if (host.find('.') == std::string::npos) return {};
    }
    if (port) {
        const auto value = number(*port, 10, 5);
        if (!value || *value == 0 || *value > 65535) return {};
    }
    return address_words(host);
}

inline bool in_range(const Words& words, const std::string& cidr) {
    const std::vector<std::string> parts = split(cidr, '/');
    const auto base = address_words(parts[0]);
    const bool v4 = parts[0].find(':') == std::string::npos;
    const bool is_v4 = Words(words.begin(), words.begin() + 6) == Words{0, 0, 0, 0, 0, 0xffff};
    if (v4 != is_v4) return false;
    unsigned bits =
        parts.size() > 1 ? static_cast<unsigned>(std::stoul(parts[1])) : (v4 ? 32 : 128);
    if (v4) bits += 96;
    for (unsigned bit = 0; bit < bits; ++bit) {
        const unsigned mask = 0x8000u >> (bit % 16);
        if ((words[bit / 16] & mask) != ((*base)[bit / 16] & mask)) return false;
    }
    return true;
}

inline Words client_of(const std::string& peer, const Lines& lines, const Lines& cidrs) {
    std::vector<std::string> elements;
    for (const std::string& line : lines) {
        for (std::string part : split(line, ',')) {
            while (!part.empty() && (part.back() == ' ' || part.back() == '\t')) part.pop_back();
            while (!part.empty() && (part[0] == ' ' || part[0] == '\t')) part.erase(0, 1);
            if (!part.empty()) elements.push_back(part);
        }
    }
    const auto trusted = [&](const Words& words) {
        for (const std::string& cidr : cidrs) {
            if (in_range(words, cidr)) return true;
        }
        return false;
    };
    // From the front: whoever has only well-formed trusted hops behind it, and is well-formed.
    size_t first = elements.size();
    while (first > 0 && element_words(elements[first - 1])) {
        --first;
        if (!trusted(*element_words(elements[first])) || elements.size() - first == 32) break;
    }
    return first == elements.size() ? *address_words(peer) : *element_words(elements[first]);
}

}  // namespace sluice::http::chain_oracle
