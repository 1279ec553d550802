// Where the words of a worker and of its siblings stand; failures, which are off the hot path.
#include "proxy/live/loads.h"

namespace sluice::live {

Loads::Loads(const Mapping& mapping, uint32_t worker)
    : words_(mapping.loads(0).data()),
      workers_(mapping.sizes().workers),
      capacity_(mapping.sizes().load_slots),
      own_(mapping.loads(worker)),
      own_failures_(mapping.failures(worker)),
      mapping_(mapping) {
    if (workers_ > 1) stride_ = static_cast<uint64_t>(mapping.loads(1).data() - words_);
}

uint64_t Loads::failures(Slot slot) const {
    if (slot >= capacity_) return 0;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < workers_; ++i) {
        sum += mapping_.failures(i)[slot].load(std::memory_order_relaxed);
    }
    return sum;
}

void Loads::failed(Slot slot) {
    Count& count = own_failures_[clamp(slot)];
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace sluice::live
