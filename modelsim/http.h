// HTTP/1.1 as far as a model server needs it: request heads, request bodies, answer heads. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::modelsim {

struct Request {  // views into the head that was parsed
    std::string_view method;
    std::string_view path;   // without the query
    std::string_view fault;  // x-sim-fault, "" when absent
    bool http_1_0 = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool chunked = false;
    uint64_t content_length = 0;

    bool has_body() const { return chunked || content_length > 0; }
};

// Where the head ends (past the empty line), or npos.
size_t head_end(std::string_view bytes);

// Strict enough that a gateway's mistake shows: bare LF, folds, two lengths, length and chunked,
// unknown codings, a missing Host are refused.
bool parse_head(std::string_view head, Request& request);

// Takes a body off the wire. Bytes are appended to `keep` when one is given, else only counted.
class BodyReader {
public:
    void start(const Request& request);

    // Returns how many of `bytes` belong to this body; bad() tells when they are not one.
    size_t feed(std::string_view bytes, std::string* keep);

    bool ended() const { return state_ == State::ended; }
    bool bad() const { return state_ == State::bad; }
    uint64_t received() const { return received_; }

private:
    enum class State : uint8_t { counted, size_line, data, data_end, trailer, ended, bad };
    size_t take(std::string_view bytes, std::string* keep);
    void end_line();

    State state_ = State::ended;
    uint64_t left_ = 0;
    uint64_t received_ = 0;
    std::string line_;  // a size or trailer line that has not ended yet
};

struct AnswerHead {
    int status = 200;
    std::string_view type = "application/json";
    std::string_view pod;
    std::string_view extra;  // whole field lines
};

// Everything of an answer's head but its framing and the empty line.
void append_head(std::string& out, const Request& request, const AnswerHead& head);
// An answer of known length; the body is left out for HEAD.
void append_answer(
    std::string& out, const Request& request, const AnswerHead& head, std::string_view body
);
// The head of an answer that streams: chunked, or until close for HTTP/1.0.
void append_stream_head(std::string& out, const Request& request, const AnswerHead& head);
void append_chunk(std::string& out, const Request& request, std::string_view payload);
void append_last_chunk(std::string& out, const Request& request);

}  // namespace sluice::modelsim
