// Tests the text rules: what each takes, what it refuses, and its bound plus one.
#include "controller/model/checks.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

struct Case {
    TextCheck check;
    std::vector<std::string> good;
    std::vector<std::string> bad;
};

void run(const Case& test) {
    for (const std::string& text : test.good) EXPECT_EQ(test.check(text), "") << text;
    for (const std::string& text : test.bad) EXPECT_NE(test.check(text), "") << text;
}

const std::string k63(63, 'a');
const std::string k64(64, 'a');

std::string name_of_253() {
    return k63 + '.' + k63 + '.' + k63 + '.' + std::string(61, 'a');
}

TEST(Checks, DnsLabel) {
    run(
        {check_dns_label,
         {"a", "0", "a-b", "9a", k63},
         {"", "A", "-a", "a-", "a.b", "a_b", "ä", k64}}
    );
}

TEST(Checks, DnsSubdomain) {
    ASSERT_EQ(name_of_253().size(), 253u);
    run(
        {check_dns_subdomain,
         {"a", "a.b", "a-b.c-d.e", "1.2.3.4", name_of_253()},
         {"",
          ".",
          "a.",
          ".a",
          "a..b",
          "a.-b",
          "a-.b",
          "A.b",
          "a b",
          "*.a",
          "a\n",
          name_of_253() + 'a'}}
    );
}

TEST(Checks, Host) {
    run(
        {check_host,
         {"example.com", "*.example.com", "localhost", "*.com"},
         {"",
          "*",
          "*.",
          "a.*.com",
          "foo*.com",
          "*.*.com",
          "*example.com",
          "10.0.0.1",
          "::1",
          "Ex.com",
          "a.com:80"}}
    );
    EXPECT_EQ(check_host("10.0.0.1"), "must be a DNS name, not an IP address");
    EXPECT_EQ(
        check_host("a.*.com"), "must hold '*' only as its whole first label, as in *.example.com"
    );
}

TEST(Checks, PlainHostTakesNoWildcard) {
    run({check_plain_host, {"example.com"}, {"*.example.com", "10.0.0.1", ""}});
}

TEST(Checks, PortName) {
    run(
        {check_port_name,
         {"http", "h2", "a-b", "8a", "abcdefghijklmno"},
         {"", "80", "a--b", "-a", "a-", "HTTP", "a_b", "abcdefghijklmnop"}}
    );
}

TEST(Checks, QualifiedName) {
    run(
        {check_qualified_name,
         {"app", "app.kubernetes.io/name", "A_b.c-d", k63},
         {"", "/a", "a/", "a/b/c", "A.io/name", "-a", "a-", "a b", k64}}
    );
}

TEST(Checks, LabelValue) {
    run({check_label_value, {"", "a", "A_b.c-1", k63}, {"-a", "a-", "a/b", "a b", k64}});
}

TEST(Checks, ControllerName) {
    run(
        {check_controller_name,
         {"sluice.dev/ingress-controller", "k8s.io/a/b"},
         {"", "sluice.dev", "sluice.dev/", "/x", "S.dev/x", "a.b/" + std::string(247, 'x')}}
    );
    EXPECT_EQ(check_controller_name("a.b/" + std::string(246, 'x')), "");
}

TEST(Checks, Timestamp) {
    run(
        {check_timestamp,
         {"2026-01-31T10:00:00Z", "2026-01-31T10:00:00.123456789Z"},
         {"",
          "2026-01-31",
          "2026-01-31T10:00:00",
          "2026-01-31T10:00:00+01:00",
          "2026-01-31t10:00:00Z",
          "2026-01-31T10:00:00.Z",
          "2026-01-31T10:00:00.1234567890Z",
          "2026-01-31T10:00:0aZ"}}
    );
}

TEST(Checks, AbsolutePath) {
    run(
        {check_absolute_path,
         {"/", "/a", "/a/", "/a/b.c", "/a/...", "/.a"},
         {"", "a", "//", "/a//b", "/a/./b", "/a/../b", "/a/..", "/a/.", "/a%2fb", "/a%2Fb"}}
    );
}

TEST(Checks, HeaderNameIsAToken) {
    run({check_header_name, {"x-a", "X!#$%&'*+-.^_`|~9"}, {"", "a b", "a:", "a\n", "ä", "(a)"}});
}

TEST(Checks, HeaderValueHoldsNoControlBytes) {
    run(
        {check_header_value,
         {"", "a", "a b", "a\tb", "é"},
         {"a\r\nb: c", "a\n", std::string("a\0b", 3), "\x7f", " a", "a ", "\ta"}}
    );
}

TEST(Checks, FramingAndHopHeadersAreNotEditable) {
    for (const char* name :
         {"connection",
          "Transfer-Encoding",
          "CONTENT-LENGTH",
          "host",
          "upgrade",
          "te",
          "trailer",
          "keep-alive",
          "proxy-connection",
          "Expect"}) {
        EXPECT_NE(check_editable_header(name), "") << name;
    }
    EXPECT_EQ(
        check_editable_header("Host"),
        "names the host that was asked for: use a URLRewrite filter's urlRewrite.hostname"
    );
    run({check_editable_header, {"x-a", "Authorization", "content-type", "tea", "hosts"}, {"a b"}});
}

TEST(Checks, DurationsAsGatewayApiWritesThem) {
    EXPECT_EQ(parse_duration_ms("1s"), 1000);
    EXPECT_EQ(parse_duration_ms("500ms"), 500);
    EXPECT_EQ(parse_duration_ms("5m"), 300'000);
    EXPECT_EQ(parse_duration_ms("1h30m10s5ms"), 5'410'005);
    EXPECT_EQ(parse_duration_ms("0s"), 0);
    EXPECT_EQ(parse_duration_ms("99999h"), 99999LL * 3600 * 1000);
    for (const char* bad :
         {"", "1", "s", "1.5s", "-1s", "1 s", "1us", "100000s", "1d", "1S", "1s1s1s1s1s", "ms"}) {
        EXPECT_EQ(parse_duration_ms(bad), std::nullopt) << bad;
    }
}

TEST(Checks, Addresses) {
    EXPECT_TRUE(is_ipv4("127.0.0.1"));
    EXPECT_FALSE(is_ipv4("127.0.0.256"));
    EXPECT_FALSE(is_ipv4("127.1"));
    EXPECT_FALSE(is_ipv4("::1"));
    EXPECT_TRUE(is_ipv6("::1"));
    EXPECT_TRUE(is_ipv6("fd00::a"));
    EXPECT_FALSE(is_ipv6("fe80::1%eth0"));
    EXPECT_FALSE(is_ipv6(std::string("::1\0x", 5)));
    EXPECT_FALSE(is_ipv6(std::string(1000, ':')));
}

TEST(Checks, QuotesEscapeAndShorten) {
    EXPECT_EQ(in_quotes("a\"b\\c\n\x7f"), "\"a\\\"b\\\\c\\x0a\\x7f\"");
    EXPECT_EQ(in_quotes(std::string(80, 'a')), '"' + std::string(80, 'a') + '"');
    EXPECT_EQ(in_quotes(std::string(81, 'a')), '"' + std::string(80, 'a') + "…\"");
    // The 80th byte lies inside a character: it is left out whole.
    EXPECT_EQ(in_quotes(std::string(79, 'a') + "éé"), '"' + std::string(79, 'a') + "…\"");
}

}  // namespace
}  // namespace sluice::model
