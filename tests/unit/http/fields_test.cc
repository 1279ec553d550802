// Field names to ids, and the bounded list.
#include <gtest/gtest.h>

#include "proxy/http/ascii.h"
#include "tests/unit/http/support.h"

namespace sluice::http {
namespace {

struct Named {
    std::string_view name;
    FieldId id;
};

constexpr Named kNamed[] = {
    {"accept", FieldId::accept},
    {"authorization", FieldId::authorization},
    {"connection", FieldId::connection},
    {"content-length", FieldId::content_length},
    {"content-type", FieldId::content_type},
    {"cookie", FieldId::cookie},
    {"date", FieldId::date},
    {"expect", FieldId::expect},
    {"forwarded", FieldId::forwarded},
    {"host", FieldId::host},
    {"http2-settings", FieldId::http2_settings},
    {"keep-alive", FieldId::keep_alive},
    {"proxy", FieldId::proxy},
    {"proxy-authenticate", FieldId::proxy_authenticate},
    {"proxy-authentication-info", FieldId::proxy_authentication_info},
    {"proxy-authorization", FieldId::proxy_authorization},
    {"proxy-connection", FieldId::proxy_connection},
    {"retry-after", FieldId::retry_after},
    {"server", FieldId::server},
    {"set-cookie", FieldId::set_cookie},
    {"te", FieldId::te},
    {"traceparent", FieldId::traceparent},
    {"tracestate", FieldId::tracestate},
    {"trailer", FieldId::trailer},
    {"transfer-encoding", FieldId::transfer_encoding},
    {"upgrade", FieldId::upgrade},
    {"via", FieldId::via},
    {"x-forwarded-for", FieldId::x_forwarded_for},
    {"x-forwarded-host", FieldId::x_forwarded_host},
    {"x-forwarded-port", FieldId::x_forwarded_port},
    {"x-forwarded-prefix", FieldId::x_forwarded_prefix},
    {"x-forwarded-proto", FieldId::x_forwarded_proto},
    {"x-forwarded-server", FieldId::x_forwarded_server},
    {"x-real-ip", FieldId::x_real_ip},
    {"x-request-id", FieldId::x_request_id},
};

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    }
    return out;
}

TEST(Identify, KnowsEveryNameInAnyCase) {
    // Two ids have no name of their own: other and x_forwarded_other.
    ASSERT_EQ(std::size(kNamed) + 2, static_cast<size_t>(FieldId::kCount));
    for (const auto& [name, id] : kNamed) {
        SCOPED_TRACE(name);
        EXPECT_EQ(identify(Alone(name).view()), id);
        EXPECT_EQ(identify(Alone(upper(name)).view()), id);
        std::string mixed(name);
        mixed.back() = upper(name).back();
        EXPECT_EQ(identify(Alone(mixed).view()), id);
    }
}

TEST(Identify, AnyOtherByteMakesAnotherName) {
    for (const auto& [name, id] : kNamed) {
        for (size_t i = 0; i < name.size(); ++i) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string changed(name);
                changed[i] = static_cast<char>(byte);
                const FieldId found = identify(changed);
                if (equal_ignoring_case(changed, name)) {
                    ASSERT_EQ(found, id) << changed;
                } else {
                    ASSERT_NE(found, id) << changed;
                }
            }
        }
        EXPECT_NE(identify(std::string(name) + "s"), id) << name;
        EXPECT_NE(identify(name.substr(0, name.size() - 1)), id) << name;
        EXPECT_NE(identify(name.substr(1)), id) << name;
    }
}

TEST(Identify, OddNames) {
    EXPECT_EQ(identify(""), FieldId::other);
    EXPECT_EQ(identify("t"), FieldId::other);
    EXPECT_EQ(identify("x-client"), FieldId::other);
    EXPECT_EQ(identify("x-forwarded-"), FieldId::other);
    EXPECT_EQ(identify("X-Forwarded-Client-Cert"), FieldId::x_forwarded_other);
    EXPECT_EQ(identify("x-forwarded-f"), FieldId::x_forwarded_other);
    EXPECT_EQ(identify("x-forwardedfor"), FieldId::other);
    EXPECT_EQ(identify("content\rlength"), FieldId::other);
    EXPECT_EQ(identify(std::string(300, 'a')), FieldId::other);
}

TEST(Compare, IgnoresOnlyAsciiCase) {
    EXPECT_TRUE(equal_ignoring_case("", ""));
    EXPECT_TRUE(equal_ignoring_case("KeEp-AlIvE", "keep-alive"));
    EXPECT_FALSE(equal_ignoring_case("a", ""));
    EXPECT_FALSE(equal_ignoring_case("[", "{"));
    EXPECT_FALSE(equal_ignoring_case("@", "`"));
    EXPECT_FALSE(equal_ignoring_case("\xc4", "\xe4"));
}

TEST(Compare, WordsAgreeWithBytesAtEveryLength) {
    const std::string lower = "abc-0123-xyz-content-length-9";
    for (size_t size = 0; size <= lower.size(); ++size) {
        const std::string_view wanted = std::string_view(lower).substr(0, size);
        EXPECT_TRUE(equals_lower(Alone(upper(wanted)).view(), Alone(wanted).view()));
        for (size_t i = 0; i < size; ++i) {
            for (int byte = 0; byte < 256; ++byte) {
                std::string text(wanted);
                text[i] = static_cast<char>(byte);
                ASSERT_EQ(equals_lower(text, wanted), equal_ignoring_case(text, wanted))
                    << size << " " << i << " " << byte;
            }
        }
    }
}

TEST(FieldList, FindsFirstThatIsNotDropped) {
    auto fields = std::make_unique<FieldList>();
    EXPECT_EQ(fields->find(FieldId::accept), nullptr);
    ASSERT_TRUE(fields->add("Accept", "1"));
    ASSERT_TRUE(fields->add("X-One", "2"));
    ASSERT_TRUE(fields->add("accept", "3"));
    EXPECT_EQ(fields->find(FieldId::accept)->value, "1");
    EXPECT_EQ(fields->find("ACCEPT")->value, "1");
    EXPECT_EQ(fields->find("x-one")->value, "2");
    EXPECT_EQ(fields->find("x-two"), nullptr);
    fields->all()[0].dropped = true;
    EXPECT_EQ(fields->find(FieldId::accept)->value, "3");
    fields->drop(FieldId::accept);
    EXPECT_EQ(fields->find(FieldId::accept), nullptr);
    EXPECT_EQ(fields->size(), 3u);
    fields->drop("X-ONE");
    EXPECT_EQ(fields->find("x-one"), nullptr);
    fields->clear();
    EXPECT_EQ(fields->size(), 0u);
    EXPECT_FALSE(fields->may_have(~FieldSet{0}));
}

TEST(FieldList, DropByNameLeavesOtherUnknownNames) {
    auto fields = std::make_unique<FieldList>();
    fields->add("x-one", "1");
    fields->add("x-two", "2");
    fields->drop("x-one");
    EXPECT_EQ(fields->find("x-one"), nullptr);
    EXPECT_NE(fields->find("x-two"), nullptr);
    fields->drop("x-forwarded-abc");
    EXPECT_NE(fields->find("x-two"), nullptr);
}

TEST(FieldList, HoldsItsCapacityAndNoMore) {
    auto fields = std::make_unique<FieldList>();
    for (size_t i = 0; i < FieldList::kCapacity; ++i) ASSERT_TRUE(fields->add("a", "b"));
    EXPECT_FALSE(fields->add("a", "b"));
    EXPECT_EQ(fields->size(), FieldList::kCapacity);
}

TEST(Scratch, GivesWhatItHasAndNoMore) {
    auto scratch = std::make_unique<Scratch>();
    EXPECT_EQ(scratch->copy("abc"), "abc");
    const std::string_view empty = scratch->copy("");
    EXPECT_TRUE(empty.empty());
    EXPECT_NE(empty.data(), nullptr);
    ASSERT_NE(scratch->take(24 * 1024 - 3), nullptr);
    EXPECT_EQ(scratch->take(1), nullptr);
    EXPECT_EQ(scratch->copy("x").data(), nullptr);
    scratch->reset();
    EXPECT_NE(scratch->take(24 * 1024), nullptr);
}

}  // namespace
}  // namespace sluice::http
