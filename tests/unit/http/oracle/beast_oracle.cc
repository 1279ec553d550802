// The one place of the HTTP tests that includes Beast. Header-only here, so that the test programs
// need no other object with Beast's or Asio's definitions.
#undef BOOST_BEAST_SEPARATE_COMPILATION
#undef BOOST_ASIO_SEPARATE_COMPILATION
#include "tests/unit/http/oracle/beast_oracle.h"

#include <limits>

#include <boost/beast/http/basic_parser.hpp>

namespace sluice::http::oracle {
namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

template <bool kIsRequest>
class Reader : public beast::http::basic_parser<kIsRequest> {
public:
    BeastReading reading;

private:
    void
    on_request_impl(beast::http::verb, string_view method, string_view target, int, error_code&)
        override {
        reading.method = std::string(method);
        reading.target = std::string(target);
    }
    void on_response_impl(int code, string_view, int, error_code&) override {
        reading.status = code;
    }
    void on_field_impl(beast::http::field, string_view name, string_view value, error_code&)
        override {
        reading.fields.emplace_back(std::string(name), std::string(value));
    }
    void on_header_impl(error_code&) override {}
    void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
    std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return body.size();
    }
    void on_finish_impl(error_code&) override {}
};

template <bool kIsRequest>
BeastReading read(std::string_view bytes) {
    Reader<kIsRequest> reader;
    reader.header_limit(std::numeric_limits<std::uint32_t>::max());
    reader.body_limit(std::numeric_limits<std::uint64_t>::max());
    error_code error;
    reader.put(boost::asio::buffer(bytes.data(), bytes.size()), error);
    BeastReading reading = std::move(reader.reading);
    reading.accepted = !error && reader.is_header_done();
    reading.error = error.message();
    if (!reading.accepted) return reading;
    reading.chunked = reader.chunked();
    if (const auto length = reader.content_length()) {
        reading.has_length = true;
        reading.length = *length;
    }
    return reading;
}

}  // namespace

BeastReading beast_reads_request(std::string_view bytes) {
    return read<true>(bytes);
}
BeastReading beast_reads_response(std::string_view bytes) {
    return read<false>(bytes);
}

bool beast_without_limit_takes_length() {
    constexpr std::string_view kHead = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
    Reader<true> reader;
    reader.body_limit(boost::none);
    error_code error;
    reader.put(boost::asio::buffer(kHead.data(), kHead.size()), error);
    return !error;
}

}  // namespace sluice::http::oracle
