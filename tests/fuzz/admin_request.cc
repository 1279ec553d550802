// Fuzzes what the admin sockets read: the controller's request parser, whole and in pieces, the
// steward's question, which becomes one request head and no more, and query parameters.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "controller/admin/request.h"
#include "proxy/route/query.h"
#include "proxy/steward/question.h"
#include "table/limits.h"

namespace {

using namespace sluice;
using State = admin::RequestReader::State;

void require(bool condition) {
    if (!condition) std::abort();
}

struct Answer {
    State state = State::more;
    std::string method;
    std::string path;
    std::string query;
    bool operator==(const Answer&) const = default;
};

Answer read(std::string_view bytes, size_t step) {
    admin::RequestReader reader;
    Answer answer;
    for (size_t at = 0; at < bytes.size() && answer.state == State::more; at += step) {
        answer.state = reader.feed(bytes.substr(at, step));
    }
    if (answer.state != State::complete) return answer;
    const admin::Request& request = reader.request();
    require(request.path.find('?') == std::string::npos && !request.method.empty());
    const std::string_view value = request.parameter("format");
    require(value.empty() || request.query.find(value) != std::string::npos);
    return {State::complete, request.method, request.path, request.query};
}

void check_request(std::string_view bytes) {
    const Answer whole = read(bytes, std::max<size_t>(bytes.size(), 1));
    require(whole.state != State::more || bytes.size() <= limits::kAdminRequestBytes);
    const Answer bytewise = read(bytes, 1);
    // In pieces a fault may show only with the end of the head.
    if (whole.state == State::complete || whole.state == State::more) require(whole == bytewise);
    if (bytewise.state == State::complete) require(whole == bytewise);
}

// What a client asks about cannot become a second request or a longer head.
void check_question(std::string_view query) {
    const auto head = steward::head_asked(query);
    if (!head) return require(!head.error().empty());
    require(head->ends_with("\r\n\r\n"));
    require(head->find("\r\n\r\n") == head->size() - 4);
    for (size_t at = 0; at < head->size(); ++at) {
        if ((*head)[at] == '\n') require(at > 0 && (*head)[at - 1] == '\r');
        if ((*head)[at] == '\r') require((*head)[at + 1] == '\n');
    }
}

// Routing's reading of a query: the first pair whose decoded name is the one that is asked for.
void check_parameters(std::string_view query) {
    const auto decoded = [](std::string_view raw) {
        std::string text(raw.size(), '\0');
        text.resize(route::decode_percent(raw, text.data()));
        require(route::equals_decoded(raw, text));
        return text;
    };
    std::map<std::string, std::string_view> first;
    for (std::string_view left = query; !left.empty();) {
        const std::string_view pair = left.substr(0, left.find('&'));
        left.remove_prefix(std::min(pair.size() + 1, left.size()));
        if (pair.empty()) continue;
        const size_t equals = std::min(pair.find('='), pair.size());
        const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
        first.try_emplace(decoded(pair.substr(0, equals)), value);
    }
    for (const auto& [name, value] : first) require(route::find_parameter(query, name) == value);
    if (!first.contains("absent")) require(!route::find_parameter(query, "absent").has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_request(bytes);
    check_question(bytes);
    check_parameters(bytes);
    return 0;
}
