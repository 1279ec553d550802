// Which objects are ours: the class that an Ingress or a ModelRoute names, or the default class
// when it names none, belongs to this controller.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "controller/compile/compile.h"
#include "controller/compile/report.h"

namespace sluice::compile {

class Classes {
public:
    Classes(const model::Snapshot& snapshot, const Options& options);

    struct Answer {
        bool ours = false;
        Reason reason = Reason::accepted;
        std::string message;  // empty when ours
        bool operator==(const Answer&) const = default;
    };
    // `named` as in the model: absent or empty = the object names no class.
    Answer ask(const std::optional<std::string>& named) const;

    // Verdicts of the classes themselves.
    void report(Report& report) const;

private:
    const model::IngressClass* find(std::string_view name) const;
    bool is_ours(const model::IngressClass& ingress_class) const;

    const model::Snapshot& snapshot_;
    const Options& options_;
    const model::IngressClass* default_ = nullptr;
};

}  // namespace sluice::compile
