// Plain answers for benches: as cheap as they can be, so that a proxy is measured and not its
// origin.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "modelsim/answer.h"
#include "modelsim/http.h"

namespace sluice::modelsim {

// Exactly 100 bytes of JSON that name the pod (a pod's name is cut to fit).
std::string small_body(std::string_view pod);

// N bytes with a Content-Length, in pieces as the reader takes them.
class BytesAnswer final : public Answer {
public:
    BytesAnswer(const Request& http, std::string_view pod, uint64_t size)
        : http_(http), pod_(pod), left_(size) {}
    Progress produce(std::string& out, int64_t now_ns) override;

private:
    const Request& http_;
    std::string_view pod_;
    uint64_t left_;
    bool started_ = false;
};

}  // namespace sluice::modelsim
