// Collects what the passes say about objects and turns it into verdicts. A pass never decides what
// an object's conditions are: it reports findings, and the conditions follow from them here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
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

// Of one object. Copied when the same beginning may end in more than one way.
class ObjectReport {
public:
    ObjectReport(model::ObjectKey object, int64_t generation);

    // The object belongs to someone else: nothing of it is compiled and no status is written.
    void not_ours(std::string_view field, Reason reason, std::string_view message);
    // The unit that `field` names is not in the table.
    void refuse(std::string_view field, Reason reason, std::string_view message);
    void refuse(const Refusal& refusal) { refuse(refusal.field, refusal.reason, refusal.message); }
    // A reference that leads nowhere: the unit is in the table, its share is answered with an
    // error.
    void unresolved(std::string_view field, Reason reason, std::string_view message);
    // Served, but not as its author may think.
    void warn(std::string_view field, Reason reason, std::string_view message);
    // Something of the object is in the table.
    void served() { served_ = true; }
    void add_rule(RuleStatus rule) { verdict_.rules.push_back(std::move(rule)); }

    // The report is over afterwards.
    Verdict take();

private:
    void add(Finding finding);

    Verdict verdict_;
    bool served_ = false;
    Reason refused_ = Reason::ok;   // of the first unit that is not in the table
    size_t findings_left_out_ = 0;  // beyond limits::kFindingsPerObject
};

// Of several objects.
class Report {
public:
    // The report of an object; made at the first call. It stays where it is.
    ObjectReport& open(const model::ObjectKey& object, int64_t generation);
    // All verdicts in the order of their objects. The report is empty afterwards.
    std::vector<Verdict> take();

private:
    std::map<model::ObjectKey, ObjectReport> reports_;
};

}  // namespace sluice::compile
