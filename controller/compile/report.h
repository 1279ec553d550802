// Collects what the passes say about objects and turns it into verdicts. A pass never decides what
// an object's conditions are: it reports findings, and the conditions follow from them here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "controller/compile/verdict.h"
#include "controller/model/meta.h"

namespace sluice::compile {

// Why a unit is not in the table, for passes that leave the reporting to their caller.
struct Refusal {
    std::string field;
    Reason reason;
    std::string message;
};

class Report {
public:
    using Id = size_t;

    // The verdict of an object; made at the first call.
    Id open(const model::ObjectKey& object, int64_t generation);

    // The object belongs to someone else: nothing of it is compiled and no status is written.
    void not_ours(Id object, std::string_view field, Reason reason, std::string_view message);
    // The unit that `field` names is not in the table.
    void refuse(Id object, std::string_view field, Reason reason, std::string_view message);
    void refuse(Id object, const Refusal& refusal) {
        refuse(object, refusal.field, refusal.reason, refusal.message);
    }
    // A reference that leads nowhere: the unit is in the table, its share is answered with an
    // error.
    void unresolved(Id object, std::string_view field, Reason reason, std::string_view message);
    // Served, but not as its author may think.
    void warn(Id object, std::string_view field, Reason reason, std::string_view message);
    // Something of the object is in the table.
    void served(Id object) { states_[object].served = true; }
    void add_rule(Id object, RuleStatus rule);

    // All verdicts in the order of their objects. The report is empty afterwards.
    std::vector<Verdict> take();

private:
    struct State {
        bool served = false;
        Reason refused = Reason::ok;   // of the first unit that is not in the table
        size_t findings_left_out = 0;  // beyond limits::kFindingsPerObject
    };
    void add(Id object, Finding finding);
    static void conclude(Verdict& verdict, const State& state);

    std::map<model::ObjectKey, Id> ids_;
    std::vector<Verdict> verdicts_;
    std::vector<State> states_;
};

}  // namespace sluice::compile
