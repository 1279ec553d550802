// Plain answers for benches: as cheap as they can be, so that a proxy is measured and not its
// origin.
#include "modelsim/bench.h"

#include <algorithm>

#include "modelsim/json.h"
#include "modelsim/settings.h"

namespace sluice::modelsim {

std::string small_body(std::string_view pod) {
    constexpr size_t kSize = 100;
    constexpr std::string_view kMiddle = ",\"pad\":\"";
    constexpr std::string_view kClose = "\"}\n";
    std::string body = "{\"pod\":" + json_string(pod.substr(0, 40));
    body += kMiddle;
    body.append(kSize - std::min(kSize, body.size() + kClose.size()), '.');
    body += kClose;
    return body;
}

Answer::Progress BytesAnswer::produce(std::string& out, int64_t /*now_ns*/) {
    if (!started_) {
        started_ = true;
        const std::string length = "content-length: " + std::to_string(left_) + "\r\n\r\n";
        append_head(out, http_, {.type = "application/octet-stream", .pod = pod_});
        out += length;
        if (http_.method == "HEAD") left_ = 0;
    }
    const auto size = static_cast<size_t>(std::min<uint64_t>(left_, kHeldBytes));
    out.append(size, 'x');
    left_ -= size;
    return {left_ == 0 ? Progress::State::done : Progress::State::more};
}

}  // namespace sluice::modelsim
