// Family after family, each in parts of a few dozen units.
#include "proxy/steward/metrics.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include "proxy/live/clock.h"
#include "proxy/steward/tallies.h"

namespace sluice::steward {
namespace {

// A histogram is 2 KB of text, so a part is 128 KB at most.
constexpr size_t kUnitsPerPart = 64;

class Page {
public:
    explicit Page(const Sources& sources) : scrape_(sources) {
        scrape_.endpoints = one_of_each_name(sources.mapping, scrape_.endpoints);
    }

    bool next(std::string& out) {
        const MetricFamily& family = families_[family_];
        const size_t count = units(family.per);
        const size_t end = std::min(unit_ + kUnitsPerPart, count);
        Exposition part(family.name, family.help, family.type);
        for (size_t i = unit_; i < end; ++i) family.add(scrape_, unit_at(family.per, i), part);
        part.append_to(out, unit_ == 0);
        unit_ = end;
        if (unit_ < count) return true;
        unit_ = 0;
        return ++family_ < families_.size();
    }

private:
    size_t units(Per per) const {
        switch (per) {
            case Per::slot:
                return scrape_.slots.size();
            case Per::endpoint:
                return scrape_.endpoints.size();
            case Per::worker:
                return scrape_.sources.mapping.sizes().workers;
            case Per::process:  // the workers, the steward, the supervisor
                return scrape_.sources.mapping.sizes().workers + size_t{2};
            case Per::once:
                break;
        }
        return 1;
    }

    uint32_t unit_at(Per per, size_t index) const {
        if (per == Per::slot) return scrape_.slots[index];
        if (per == Per::endpoint) return scrape_.endpoints[index];
        return static_cast<uint32_t>(index);
    }

    Scrape scrape_;
    std::vector<MetricFamily> families_ = all_families();
    size_t family_ = 0;
    size_t unit_ = 0;
};

}  // namespace

Scrape::Scrape(const Sources& from)
    : sources(from),
      slots(counted_slots(from.mapping)),
      endpoints(endpoint_slots(from.mapping)),
      table(from.current.get()),
      now_ns(live::monotonic_ns()) {}

std::vector<MetricFamily> all_families() {
    std::vector<MetricFamily> all;
    for (auto* const part : {slot_families, worker_families, pod_families}) {
        std::vector<MetricFamily> some = part();
        std::move(some.begin(), some.end(), std::back_inserter(all));
    }
    return all;
}

Response metrics_page(const Sources& sources) {
    Response response{.type = "text/plain; version=0.0.4; charset=utf-8"};
    const auto page = std::make_shared<Page>(sources);
    response.pieces = [page](std::string& out) { return page->next(out); };
    return response;
}

}  // namespace sluice::steward
