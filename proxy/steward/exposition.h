// A part of one metric family as Prometheus text (format 0.0.4), by prometheus-cpp's own types and
// serializer: it took 0.18 s of CPU for 10,000 histograms of 12 buckets (19.8 MB; 0.5 s are
// allowed), so nothing of our own stands in its place. A large family is written in parts, so that
// a page of any size holds little memory and other requests are served in between.
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/live/counters.h"

namespace sluice::steward {

enum class FamilyType { counter, gauge, histogram };

using Labels = std::initializer_list<std::pair<const char*, std::string_view>>;

class Exposition {
public:
    Exposition(const char* name, const char* help, FamilyType type);
    ~Exposition();
    Exposition(const Exposition&) = delete;
    Exposition& operator=(const Exposition&) = delete;

    // Label values may be any bytes: what is no UTF-8 becomes '?', or a scraper refuses the page.
    void add(Labels labels, double value);
    void add(Labels labels, const live::HistogramSum& sum);

    // `first`: with HELP and TYPE in front, once a family.
    void append_to(std::string& out, bool first) const;

private:
    struct Family;
    std::unique_ptr<Family> family_;
};

}  // namespace sluice::steward
