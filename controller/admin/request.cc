// Reads a request head with Beast's parser; the head may come in any pieces.
#include "controller/admin/request.h"

#include <utility>

#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "table/limits.h"

namespace sluice::admin {

namespace http = boost::beast::http;

struct RequestReader::Parser {
    http::request_parser<http::empty_body> beast;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {
    parser_->beast.header_limit(limits::kAdminRequestBytes);
}

RequestReader::~RequestReader() = default;

RequestReader::State RequestReader::feed(std::string_view bytes) {
    if (state_ != State::more) return state_;
    held_.append(bytes.substr(0, limits::kAdminRequestBytes + 1 - read_ - held_.size()));
    boost::beast::error_code error;
    // The parser wants what it did not consume again, so it gets all that is held.
    const size_t used = parser_->beast.put(boost::asio::buffer(held_), error);
    held_.erase(0, used);
    read_ += used;
    if (error == http::error::header_limit) return state_ = State::too_large;
    if (error && error != http::error::need_more) return state_ = State::malformed;
    const bool done = parser_->beast.is_header_done();
    const size_t head = done ? read_ : read_ + held_.size();
    if (head > limits::kAdminRequestBytes) return state_ = State::too_large;
    return state_ = done ? finish() : State::more;
}

RequestReader::State RequestReader::finish() {
    const auto& message = parser_->beast.get();
    const bool has_body =
        parser_->beast.chunked() || parser_->beast.content_length().value_or(0) > 0;
    if (has_body) return State::malformed;  // nothing here takes one
    const std::string_view target(message.target().data(), message.target().size());
    const size_t question = target.find('?');
    request_.method = std::string(message.method_string());
    request_.path = target.substr(0, question);
    if (question != std::string_view::npos) request_.query = target.substr(question + 1);
    return State::complete;
}

std::string_view Request::parameter(std::string_view name) const {
    std::string_view left = query;
    while (!left.empty()) {
        const size_t end = std::min(left.find('&'), left.size());
        const std::string_view pair = left.substr(0, end);
        const size_t equals = std::min(pair.find('='), pair.size());
        if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
        left.remove_prefix(std::min(end + 1, left.size()));
    }
    return {};
}

}  // namespace sluice::admin
