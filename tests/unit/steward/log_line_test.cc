// Lines of the access log, key by key, and that nothing a client sends can break one.
#include "proxy/steward/log_line.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

#include <nlohmann/json.hpp>

#include "table/reason.h"

namespace sluice::steward {
namespace {

using live::LogFacts;
using live::LogText;
using live::LogTexts;
using nlohmann::json;

constexpr int64_t kZero = 1'764'013'915'000'000'000;  // 2025-11-24T19:51:55Z

void set(LogTexts& texts, LogText which, std::string_view value) {
    texts[static_cast<size_t>(which)] = value;
}

class Line : public testing::Test {
protected:
    Line() {
        format_.set_zero(kZero);
        std::ranges::fill(room_, '#');
    }
    std::string ended(const LogFacts& facts, const LogTexts& texts, const LineNames& names = {}) {
        return text(format_.ended(room_.data(), facts, texts, names));
    }
    std::string lost(const live::LostRecord& record, const LineNames& names = {}) {
        return text(format_.lost(room_.data(), record, names));
    }
    // The line without its end, of which there is one.
    std::string text(const char* end) {
        EXPECT_LE(end, room_.data() + kLineBytes);
        std::string line(room_.data(), static_cast<size_t>(end - room_.data()));
        EXPECT_EQ(line.find('\n'), line.size() - 1);
        line.pop_back();
        return line;
    }

    LogLine format_{std::vector<std::string>{"user-agent", "x-team"}};
    std::string room_ = std::string(kLineBytes, '#');
};

LogFacts whole_facts() {
    LogFacts facts;
    facts.status = 200;
    facts.reason = static_cast<uint16_t>(Reason::ok);
    facts.start_ns = 42'999'999;
    facts.duration_ns = 1'234'567'890;
    facts.connect_ns = 1'000;
    facts.sent_ns = 50'999;
    facts.first_byte_ns = 1'000'000'000;
    facts.bytes_in = 17;
    facts.bytes_out = 18'446'744'073'709'551'615ULL;
    facts.tries = 2;
    facts.trace_id = {
        0x0a,
        0xf7,
        0x65,
        0x19,
        0x16,
        0xcd,
        0x43,
        0xdd,
        0x84,
        0x48,
        0xeb,
        0x21,
        0x1c,
        0x80,
        0x31,
        0x9c
    };
    facts.endpoint = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 200, 1};
    facts.endpoint_port = 8'000;
    facts.worker = 3;
    return facts;
}

LogTexts whole_texts() {
    LogTexts texts;
    set(texts, LogText::request_id, "req-1");
    set(texts, LogText::caller, "192.0.2.7");
    set(texts, LogText::host, "example.com");
    set(texts, LogText::method, "POST");
    set(texts, LogText::path, "/v1/chat/completions?a=1");
    texts[static_cast<size_t>(LogText::headers)] = "curl/8";
    texts[static_cast<size_t>(LogText::headers) + 1] = "blue";
    return texts;
}

TEST_F(Line, EveryKey) {
    const std::string line = ended(
        whole_facts(),
        whole_texts(),
        {"ModelRoute/demo/chat/default", "Service/demo/llama/http", {}}
    );
    EXPECT_EQ(
        line,
        R"({"time":"2025-11-24T19:51:55.042Z","request_id":"req-1",)"
        R"("trace_id":"0af7651916cd43dd8448eb211c80319c","caller":"192.0.2.7",)"
        R"("host":"example.com","rule":"ModelRoute/demo/chat/default",)"
        R"("backend":"Service/demo/llama/http","endpoint":"10.0.200.1:8000","method":"POST",)"
        R"("path":"/v1/chat/completions?a=1","status":200,"reason":"ok",)"
        R"("duration_ms":1234.567,"connect_ms":0.001,"sent_ms":0.050,"first_byte_ms":1000.000,)"
        R"("bytes_in":17,"bytes_out":18446744073709551615,"tries":2,"worker":3,)"
        R"("headers":{"user-agent":"curl/8","x-team":"blue"}})"
    );
    EXPECT_TRUE(json::accept(line));
}

TEST_F(Line, WhatIsAbsentIsLeftOut) {
    LogFacts facts;
    facts.reason = static_cast<uint16_t>(Reason::bad_request_line);
    EXPECT_EQ(
        ended(facts, {}),
        R"({"time":"2025-11-24T19:51:55.000Z","reason":"bad_request_line","duration_ms":0.000,)"
        R"("bytes_in":0,"bytes_out":0,"tries":0,"worker":0})"
    );
}

TEST_F(Line, OneOfTwoHeaders) {
    LogTexts texts = whole_texts();
    texts[static_cast<size_t>(LogText::headers)] = {};
    EXPECT_EQ(json::parse(ended(whole_facts(), texts))["headers"], json({{"x-team", "blue"}}));
}

TEST_F(Line, AHeaderThatNobodyNamedIsNotLogged) {
    LogTexts texts;
    texts[static_cast<size_t>(LogText::headers) + 2] = "secret";
    EXPECT_EQ(ended(whole_facts(), texts).find("secret"), std::string::npos);
}

TEST_F(Line, AHeaderThatIsNamedTwiceIsOneKey) {
    LogLine format({"x-team", "x-team"});
    LogTexts texts = whole_texts();
    texts[static_cast<size_t>(LogText::headers) + 1] = texts[static_cast<size_t>(LogText::headers)];
    const std::string line = text(format.ended(room_.data(), {}, texts, {}));
    EXPECT_TRUE(line.ends_with(R"(,"headers":{"x-team":"curl/8"}})")) << line;
}

TEST_F(Line, AnIPv6Endpoint) {
    LogFacts facts = whole_facts();
    facts.endpoint = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    EXPECT_EQ(json::parse(ended(facts, {}))["endpoint"], "[2001:db8::1]:8000");
}

TEST_F(Line, AReasonOfNobody) {
    LogFacts facts;
    facts.reason = 0xffff;
    EXPECT_EQ(json::parse(ended(facts, {}))["reason"], "unknown");
}

TEST_F(Line, TimesThatMakeNoSense) {
    LogFacts facts;
    facts.start_ns = std::numeric_limits<int64_t>::min();
    facts.duration_ns = -5;
    json line = json::parse(ended(facts, {}));
    EXPECT_EQ(line["time"], "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(line["duration_ms"], 0);
    facts.start_ns = std::numeric_limits<int64_t>::max();
    facts.duration_ns = facts.start_ns;
    line = json::parse(ended(facts, {}));
    EXPECT_EQ(line["time"], "1970-01-01T00:00:00.000Z") << "their sum has no number";
    EXPECT_EQ(line["duration_ms"].get<double>(), 9'223'372'036'854.775);
}

TEST_F(Line, AnExchangeThatDied) {
    live::LostRecord record{};
    record.start_ns = 1'000'000'000;
    record.died_ns = 1'250'000'000;
    record.worker = 1;
    record.signal = 9;
    record.phase = static_cast<uint8_t>(live::Phase::relaying);
    record.suspect = 1;
    EXPECT_EQ(
        lost(record, {"rule-a", "backend-b", "10.0.0.1:8000"}),
        R"({"time":"2025-11-24T19:51:56.000Z","rule":"rule-a","backend":"backend-b",)"
        R"("endpoint":"10.0.0.1:8000","reason":"worker_died","duration_ms":250.000,"worker":1,)"
        R"("phase":"relaying","signal":9,"suspect":true})"
    );
    record.suspect = 0;
    record.phase = 77;
    EXPECT_EQ(
        lost(record),
        R"({"time":"2025-11-24T19:51:56.000Z","reason":"worker_died","duration_ms":250.000,)"
        R"("worker":1,"signal":9,"suspect":false})"
    );
}

TEST_F(Line, EveryPhaseHasItsName) {
    const std::vector<std::string> names{
        "admitted", "connecting", "forwarding", "relaying", "answering"
    };
    live::LostRecord record{};
    for (const std::string& name : names) {
        ++record.phase;
        EXPECT_EQ(json::parse(lost(record))["phase"], name);
    }
}

TEST_F(Line, TheLongestRecordFits) {
    // Each byte of these becomes six, and the texts are more than one record can hold.
    const std::string hostile(kRecordTextBytes, '\x01');
    LogTexts texts;
    texts.fill(hostile);
    const std::vector<std::string> headers(
        limits::kLogHeaders, std::string(2 * limits::kFieldNameBytes, '\x02')
    );
    LogLine format(headers);
    const LogFacts facts = whole_facts();
    const char* const end = format.ended(room_.data(), facts, texts, {hostile, hostile, hostile});
    EXPECT_TRUE(json::accept(text(end)));

    texts.fill("\x01");
    texts[0] = std::string_view(hostile).substr(2 * limits::kLogHeaders);
    EXPECT_TRUE(json::accept(text(format.ended(room_.data(), facts, texts, {hostile, hostile, {}})))
    );
    live::LostRecord record{};
    EXPECT_TRUE(json::accept(text(format.lost(room_.data(), record, {hostile, hostile, hostile}))));
}

// Whatever a client sends in whatever place: valid JSON, one line, the same facts.
TEST_F(Line, RandomBytesNeverBreakALine) {
    std::mt19937 draw(4);
    const std::string_view spices[]{
        "\"",
        "\\",
        "\xc2\x85",
        "\xe2\x80\xa8",
        "\xed\xa0\x80",
        "\xf0\x9f\x98\x80",
        "\xff",
        "\n",
        "\r",
        "\x7f",
        "\x1b[31m"
    };
    for (int i = 0; i < 20'000; ++i) {
        std::array<std::string, live::kLogTexts> bytes;
        for (std::string& text : bytes) {
            const size_t size = draw() % 40;
            while (text.size() < size) {
                if (draw() % 4 == 0) {
                    text += spices[draw() % std::size(spices)];
                } else {
                    text += static_cast<char>(draw() % (i % 2 == 0 ? 256 : 128));
                }
            }
        }
        LogTexts texts;
        std::ranges::copy(bytes, texts.begin());
        const std::string line = ended(whole_facts(), texts, {bytes[3], bytes[4], {}});
        ASSERT_TRUE(std::ranges::none_of(line, [](unsigned char c) {
            return c < 0x20 || c == 0x7f;
        }));
        const json parsed = json::parse(line, nullptr, false);
        ASSERT_FALSE(parsed.is_discarded()) << line;
        ASSERT_EQ(parsed["status"], 200) << "nothing a client sends overwrites a key";
        ASSERT_EQ(parsed["worker"], 3);
        const bool has_path = !bytes[static_cast<size_t>(LogText::path)].empty();
        ASSERT_EQ(parsed.contains("path"), has_path);
    }
}

}  // namespace
}  // namespace sluice::steward
