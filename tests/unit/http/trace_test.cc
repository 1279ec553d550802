// traceparent: its trace id, and everything that is not one.
#include "proxy/http/trace.h"

#include <gtest/gtest.h>
#include <string>

namespace sluice::http {
namespace {

using Id = std::array<uint8_t, 16>;

const std::string kLawful = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const Id kId{
    0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c
};

TEST(Trace, the_id_of_a_lawful_value) {
    EXPECT_EQ(trace_id(kLawful), kId);
}

TEST(Trace, a_later_version_may_append) {
    std::string later = kLawful;
    later[1] = '1';
    EXPECT_EQ(trace_id(later), kId);
    EXPECT_EQ(trace_id(later + "-more"), kId);
    EXPECT_EQ(trace_id(later + "more"), Id{});
}

TEST(Trace, version_00_is_exact_and_ff_is_none) {
    EXPECT_EQ(trace_id(kLawful + "-more"), Id{});
    EXPECT_EQ(trace_id("ff" + kLawful.substr(2)), Id{});
}

TEST(Trace, every_wrong_byte_and_every_cut_is_refused) {
    for (size_t i = 0; i < kLawful.size(); ++i) {
        std::string wrong = kLawful;
        wrong[i] = 'G';
        EXPECT_EQ(trace_id(wrong), Id{}) << i;
        EXPECT_EQ(trace_id(kLawful.substr(0, i)), Id{}) << i;
    }
}

}  // namespace
}  // namespace sluice::http
