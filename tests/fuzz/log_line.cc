// Fuzzes a line of the access log: texts and numbers of any bytes give one line of JSON that reads
// back, and no byte of a client's leaves its string. The first byte cuts the rest into texts.
#include "proxy/steward/log_line.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "proxy/steward/json_text.h"

namespace {

using namespace sluice;
using nlohmann::json;

void require(bool condition) {
    if (!condition) std::abort();
}

// One physical line, readable by itself.
json check_line(std::string_view line) {
    require(line.ends_with('\n') && line.find('\n') == line.size() - 1);
    for (const char c : line.substr(0, line.size() - 1)) {
        require(static_cast<uint8_t>(c) >= 0x20 && c != 0x7f);
    }
    json parsed = json::parse(line, nullptr, false);
    require(!parsed.is_discarded() && parsed.is_object());
    return parsed;
}

void check_escape(std::string_view text) {
    std::string room(steward::kEscapedBytes * text.size() + steward::kEscapeSlackBytes + 1, '#');
    room[0] = '"';
    const char* const end = steward::escape(room.data() + 1, text);
    const std::string quoted(room.data(), static_cast<size_t>(end - room.data()));
    const json parsed = json::parse(quoted + '"', nullptr, false);
    require(parsed.is_string());
    // What is text comes back as it was.
    const json strict = json::parse('"' + std::string(text) + '"', nullptr, false);
    const bool plain = text.find_first_of("\"\\") == std::string_view::npos;
    if (plain && !strict.is_discarded()) require(parsed.get<std::string>() == text);
}

live::LogTexts cut(std::string_view text, uint8_t how) {
    live::LogTexts texts;
    const size_t room = std::min(text.size(), steward::kRecordTextBytes);
    const size_t piece = room / texts.size() + how % 16;
    size_t at = 0;
    for (std::string_view& part : texts) {
        part = text.substr(at, std::min(piece, room - at));
        at += part.size();
    }
    return texts;
}

live::LogFacts facts_of(std::string_view text) {
    live::LogFacts facts;
    char bytes[64] = {};
    std::memcpy(bytes, text.data(), std::min(text.size(), sizeof bytes));
    std::memcpy(&facts.start_ns, bytes, 8);
    std::memcpy(&facts.duration_ns, bytes + 8, 8);
    std::memcpy(&facts.connect_ns, bytes + 16, 8);
    std::memcpy(&facts.first_byte_ns, bytes + 24, 8);
    std::memcpy(facts.trace_id.data(), bytes + 16, 16);
    std::memcpy(facts.endpoint.data(), bytes + 24, 16);
    std::memcpy(&facts.bytes_in, bytes + 32, 8);
    std::memcpy(&facts.status, bytes + 40, 2);
    std::memcpy(&facts.reason, bytes + 42, 2);
    std::memcpy(&facts.tries, bytes + 44, 4);
    std::memcpy(&facts.endpoint_port, bytes + 48, 2);
    std::memcpy(&facts.worker, bytes + 50, 2);
    return facts;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) return 0;
    static steward::LogLine format({"user-agent", "x-team", "user-agent"});
    static std::string room(steward::kLineBytes, '#');
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    check_escape(text);
    const std::string_view name = text.substr(0, steward::kSlotTextBytes);
    const live::LogTexts texts = cut(text, data[0]);
    const char* end = format.ended(room.data(), facts_of(text), texts, {name, name, name});
    require(end <= room.data() + room.size());
    const json line = check_line({room.data(), static_cast<size_t>(end - room.data())});
    require(line.contains("method") == !texts[static_cast<size_t>(live::LogText::method)].empty());

    live::LostRecord lost{};
    std::memcpy(static_cast<void*>(&lost), text.data(), std::min(text.size(), sizeof lost));
    end = format.lost(room.data(), lost, {name, name, name});
    require(end <= room.data() + room.size());
    check_line({room.data(), static_cast<size_t>(end - room.data())});
    return 0;
}
